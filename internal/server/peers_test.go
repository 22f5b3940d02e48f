package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

// The tests of this file are about surprising behaviour that was seen in other servers.

const tell = `"messages": [{"role": "user", "content": "Tell me"}], "ignore_eos": true`

// TestRoleFirst checks that the role comes first, even if the first token is only a part of a
// character.
func TestRoleFirst(t *testing.T) {
	f := setup(t, nil)
	partial := 0
	for seed := range 12 {
		body := fmt.Sprintf(`{%s, "seed": %d, "temperature": 3, "top_k": 0, "top_p": 1, "min_p": 0, "max_tokens": 3, "logprobs": true`, tell, seed)
		bytes := at(f.post("/v1/chat/completions", body+`}`, 200), "choices.0.logprobs.content.0.bytes").([]any)
		if len(bytes) == 1 && bytes[0].(float64) >= utf8.RuneSelf {
			partial++
		}
		_, text := f.do("POST", "/v1/chat/completions", body+`, "stream": true}`)
		list := eventsOf(t, text)
		first := object(t, list[0])
		require.Equal(t, "assistant", at(first, "choices.0.delta.role"))
		require.NotContains(t, strings.Join(list[1:], ""), `"role"`)
	}
	require.Positive(t, partial, "no seed gives an answer that begins with a part of a character")
}

// TestUsageOfAll checks that usage is the sum over all answers.
// A stream has the usage once, at the end, and only on request.
func TestUsageOfAll(t *testing.T) {
	f := setup(t, nil)
	for path, n := range map[string]float64{"/v1/chat/completions": 2, "/v1/completions": 4} {
		body := `{"prompt": ["abc", "de"], ` + tell + `, "n": 2, "max_tokens": 3`
		whole := f.post(path, body+`}`, 200)
		require.Equal(t, 3*n, at(whole, "usage.completion_tokens"), path)
		_, text := f.do("POST", path, body+`, "stream": true}`)
		require.NotContains(t, text, `"usage"`)
		_, text = f.do("POST", path, body+`, "stream": true, "stream_options": {"include_usage": true}}`)
		list := eventsOf(t, text)
		require.Equal(t, 1, strings.Count(text, `"usage"`), path)
		last := object(t, list[len(list)-2])
		require.Equal(t, at(whole, "usage.total_tokens"), at(last, "usage.total_tokens"), path)
		require.Empty(t, at(last, "choices"))
	}
}

// TestEmptyStops checks that an empty stop text has no effect, and that values other than texts
// are refused.
func TestEmptyStops(t *testing.T) {
	f := setup(t, nil)
	ask := func(stop string, status int) map[string]any {
		return f.post("/v1/chat/completions", `{`+tell+`, "temperature": 0, "max_tokens": 6, "stop": `+stop+`}`, status)
	}
	want := at(ask(`null`, 200), "choices.0.message.content")
	require.NotEmpty(t, want)
	for _, stop := range []string{`""`, `[""]`, `["", ""]`, `[]`} {
		require.Equal(t, want, at(ask(stop, 200), "choices.0.message.content"), stop)
	}
	for _, stop := range []string{`5`, `[5]`, `{}`, `true`, `[["a"]]`} {
		require.Equal(t, "invalid_request_error", at(ask(stop, 400), "error.type"), stop)
	}
}

// TestEntryForEachToken checks that each token has an entry in the log probabilities, even a token
// that is a part of a character, or is held back as the beginning of a stop text.
func TestEntryForEachToken(t *testing.T) {
	f := setup(t, nil)
	for seed := range 4 {
		body := fmt.Sprintf(`{"prompt": "abc", %s, "seed": %d, "temperature": 3, "top_k": 0, "top_p": 1, "min_p": 0, "max_tokens": 16, "stop": ["never to be said"]`, tell, seed)
		o := f.post("/v1/chat/completions", body+`, "logprobs": true, "top_logprobs": 0}`, 200)
		require.Len(t, at(o, "choices.0.logprobs.content"), 16)
		o = f.post("/v1/completions", body+`, "logprobs": 0}`, 200)
		for _, name := range []string{"tokens", "token_logprobs", "text_offset"} {
			require.Len(t, at(o, "choices.0.logprobs."+name), 16, name)
		}
	}
}

// TestNobodyFails checks that all concurrent requests succeed, although their answers together are
// larger than one context.
func TestNobodyFails(t *testing.T) {
	f := setup(t, func(e *engine.Options, _ *Options) { e.Ctx, e.Parallel = 128, 3 })
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			resp, text := f.do("POST", "/v1/completions", fmt.Sprintf(`{"prompt": "abc %d", "max_tokens": 100, "ignore_eos": true}`, i))
			if resp.StatusCode != 200 || !strings.Contains(text, `"completion_tokens":100`) {
				t.Errorf("%d: %s", resp.StatusCode, text)
			}
		})
	}
	all.Wait()
}

// TestNotRetried checks that invalid requests get status 400, after which clients do not retry.
func TestNotRetried(t *testing.T) {
	f := setup(t, nil)
	malformed := []string{``, `{`, `[]`, `"a"`, `null`, "{\"messages\": \xff}"}
	fields := []string{
		`{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}}]}]}`,
		`{` + tell + `, "reasoning_format": "odd"}`, `{` + tell + `, "max_tokens": 2.7}`, `{` + tell + `, "max_tokens": "9"}`,
		`{` + tell + `, "logit_bias": {"123456": 1}}`, `{` + tell + `, "logit_bias": [[123456, 1]]}`,
	}
	for path, bodies := range map[string][]string{
		"/v1/chat/completions": append(fields, malformed...), "/v1/messages": malformed, "/v1/completions": malformed, "/completion": malformed, "/api/chat": malformed,
		"/v1/responses": malformed, "/api/generate": malformed, "/v1/messages/count_tokens": malformed, "/tokenize": malformed, "/detokenize": malformed, "/apply-template": malformed,
	} {
		for _, body := range bodies {
			resp, text := f.do("POST", path, body, "Content-Type", "application/json")
			require.Equal(t, 400, resp.StatusCode, "%s %s: %s", path, body, text)
			require.True(t, json.Valid([]byte(text)))
		}
	}
}

// TestPartsOfMessages checks that the text parts of a
// message are joined by newlines, whatever the role.
func TestPartsOfMessages(t *testing.T) {
	f := setup(t, nil)
	const parts = `[{"type": "text", "text": "Wh"}, {"type": "text", "text": "ill"}]`
	for _, role := range []string{"system", "user", "assistant"} {
		o := f.post("/apply-template", `{"messages": [{"role": "user", "content": "x"}, {"role": "`+role+`", "content": `+parts+`}]}`, 200)
		require.Contains(t, o["prompt"], role+"\nWh\nill", role)
	}
}

// TestThoughtEnds checks the finish_reason of an answer whose thinking is not closed: "length" at
// the limit, "stop" at a stop text.
func TestThoughtEnds(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	thinker, err := chat.FromModel(`{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant: <think>{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = thinker })
	o := f.post("/v1/chat/completions", `{`+tell+`, "max_tokens": 8, "temperature": 0}`, 200)
	require.Equal(t, "length", at(o, "choices.0.finish_reason"))
	thought := at(o, "choices.0.message.reasoning_content").(string)
	stop := regexp.MustCompile(`[0-9A-Za-z]`).FindString(thought)
	require.NotEmpty(t, stop, "%q has no text that can be used as a stop text", thought)
	o = f.post("/v1/chat/completions", `{`+tell+`, "max_tokens": 8, "temperature": 0, "stop": "`+stop+`"}`, 200)
	require.Equal(t, "stop", at(o, "choices.0.finish_reason"))
	said, _ := at(o, "choices.0.message.reasoning_content").(string)
	require.True(t, strings.HasPrefix(thought, said+stop), "%q, %q", thought, said)
}

// TestCachedByContent checks that the number of cached tokens depends on the prompt's content, not
// on the slot.
func TestCachedByContent(t *testing.T) {
	f := setup(t, func(e *engine.Options, _ *Options) { e.Parallel = 2 })
	ask := func(text string) float64 {
		o := f.post("/v1/chat/completions", `{"messages": [{"role": "user", "content": "`+text+`"}], "max_tokens": 2}`, 200)
		return at(o, "usage.prompt_tokens_details.cached_tokens").(float64)
	}
	require.Zero(t, ask("abcdefghijklmnopqrstuvwxyz"))
	first := ask("abcdefghijklmnopqrstuvwxyz")
	require.Positive(t, first)
	// Without the cache the answer is the same, and no token counts as cached.
	const body = `{"messages": [{"role": "user", "content": "abcdefghijklmnopqrstuvwxyz"}], "max_tokens": 9, "seed": 3, "ignore_eos": true`
	with, without := f.post("/v1/chat/completions", body+`}`, 200), f.post("/v1/chat/completions", body+`, "cache_prompt": false}`, 200)
	require.Positive(t, at(with, "usage.prompt_tokens_details.cached_tokens"))
	require.Zero(t, at(without, "usage.prompt_tokens_details.cached_tokens"))
	require.Equal(t, at(with, "choices.0.message.content"), at(without, "choices.0.message.content"))
	for range 3 { // other requests use both slots in between
		ask("something else 1")
		ask("something else 2")
		require.Equal(t, first, ask("abcdefghijklmnopqrstuvwxyz"))
	}
}

// TestEveryEventEnds checks that the last event ends with a blank line, that an early end is
// reported by an event with the error, and that there are no id and retry lines.
func TestEveryEventEnds(t *testing.T) {
	for path, body := range map[string]string{
		"/v1/chat/completions": `{` + tell + `, "stream": true}`, "/v1/completions": `{"prompt": "a", "ignore_eos": true, "stream": true}`, "/completion": `{"prompt": "a", "ignore_eos": true, "stream": true}`,
		"/v1/messages":  `{` + tell + `, "max_tokens": 100000, "stream": true}`,
		"/v1/responses": `{"input": "Tell me", "ignore_eos": true, "stream": true}`, "/api/chat": `{` + tell + `, "options": {"ignore_eos": true}}`,
	} {
		f := setup(t, func(_ *engine.Options, o *Options) { o.Shift = true })
		resp, err := http.Post(f.URL+path, "application/json", strings.NewReader(body))
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		head := make([]byte, 1)
		_, err = io.ReadFull(resp.Body, head)
		require.NoError(t, err)
		f.s.end() // the method drain does this after DrainTimeout
		rest, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		text := string(head) + string(rest)
		require.NotContains(t, text, "[DONE]")
		if path == "/api/chat" { // a stream of lines
			list := ndjson(t, text)
			require.NotEmpty(t, list[len(list)-1]["error"])
			require.NotContains(t, text, `"done":true`)
			continue
		}
		require.True(t, strings.HasSuffix(text, "\n\n"), "%s: %q", path, text[max(0, len(text)-300):])
		require.NotRegexp(t, `(?m)^(id|retry):`, text)
		events := strings.Split(strings.TrimSuffix(text, "\n\n"), "\n\n")
		last := events[len(events)-1]
		_, data, ok := strings.Cut(last, "data: ")
		require.True(t, ok, last)
		require.NotEmpty(t, at(object(t, data), "error.message"), path)
		require.NotEmpty(t, at(object(t, data), "error.type"), path)
		require.Equal(t, 1, strings.Count(text, `"error":{`), path)
	}
}
