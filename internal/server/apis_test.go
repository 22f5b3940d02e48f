package server

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

const askClaude = `"messages": [{"role": "user", "content": "Tell me"}], "temperature": 0, "system": "s"`

// named returns the names and the data of a stream's events.
func named(t testing.TB, text string) (names []string, data []map[string]any) {
	t.Helper()
	for event := range strings.SplitSeq(strings.TrimSuffix(text, "\n\n"), "\n\n") {
		name, rest, ok := strings.Cut(event, "\n")
		require.True(t, ok && strings.HasPrefix(name, "event: ") && strings.HasPrefix(rest, "data: "), "%q", event)
		o := object(t, strings.TrimPrefix(rest, "data: "))
		require.Equal(t, strings.TrimPrefix(name, "event: "), o["type"])
		names, data = append(names, o["type"].(string)), append(data, o)
	}
	return names, data
}

// TestMessages checks that streamed and complete answers have the same
// content, and that answers in OpenAI's API have this content, too.
func TestMessages(t *testing.T) {
	f := setup(t, nil)
	openAI := f.post("/v1/chat/completions", `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Tell me"}], "temperature": 0, "max_tokens": 12}`, 200)
	whole := f.post("/v1/messages", `{`+askClaude+`, "max_tokens": 12}`, 200)
	require.Equal(t, "message", whole["type"])
	require.Equal(t, "assistant", whole["role"])
	require.True(t, strings.HasPrefix(whole["id"].(string), "msg_"))
	require.Equal(t, "text", at(whole, "content.0.type"))
	require.Equal(t, at(openAI, "choices.0.message.content"), at(whole, "content.0.text"))
	require.Nil(t, whole["stop_sequence"])
	require.Equal(t, at(openAI, "usage.prompt_tokens"), at(whole, "usage.input_tokens").(float64)+at(whole, "usage.cache_read_input_tokens").(float64))
	require.Positive(t, at(whole, "usage.cache_read_input_tokens"), "asked before")

	_, text := f.do("POST", "/v1/messages", `{`+askClaude+`, "max_tokens": 12, "stream": true}`)
	names, data := named(t, text)
	said := ""
	for _, o := range data {
		if s, ok := at(o, "delta.text").(string); ok {
			said += s
		}
	}
	require.Equal(t, at(whole, "content.0.text"), said)
	require.Equal(t, []string{"message_start", "content_block_start", "content_block_delta"}, names[:3])
	n := len(names)
	require.Equal(t, []string{"content_block_stop", "message_delta", "message_stop"}, names[n-3:])
	require.Equal(t, whole["stop_reason"], at(data[n-2], "delta.stop_reason"))
	require.Equal(t, at(whole, "usage.output_tokens"), at(data[n-2], "usage.output_tokens"))
	require.Empty(t, at(data[0], "message.content"))
	require.NotNil(t, at(data[0], "message.content"))

	stop := string([]rune(said)[3])
	if stop == `"` || stop == `\` {
		stop = `\` + stop
	}
	cut := f.post("/v1/messages", `{`+askClaude+`, "max_tokens": 12, "stop_sequences": ["`+stop+`"]}`, 200)
	require.Equal(t, "stop_sequence", cut["stop_reason"])
	require.Equal(t, stop, cut["stop_sequence"])

	o := f.post("/v1/messages/count_tokens", `{`+askClaude+`}`, 200)
	require.Equal(t, at(openAI, "usage.prompt_tokens"), o["input_tokens"])
}

// TestMessagesThinking checks that thinking is a block of its own.
func TestMessagesThinking(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	thinker, err := chat.FromModel(`{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant: <think>{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = thinker })
	whole := f.post("/v1/messages", `{`+askClaude+`, "max_tokens": 5}`, 200)
	require.Len(t, whole["content"], 1)
	require.Equal(t, "thinking", at(whole, "content.0.type"))
	require.Equal(t, "", at(whole, "content.0.signature"))
	_, text := f.do("POST", "/v1/messages", `{`+askClaude+`, "max_tokens": 5, "stream": true}`)
	_, data := named(t, text)
	require.Equal(t, "thinking", at(data[1], "content_block.type"))
	require.Equal(t, "signature_delta", at(data[len(data)-4], "delta.type"))
}

func TestMessagesErrors(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Keys = []string{"k"} })
	resp, text := f.do("POST", "/v1/messages", `{`+askClaude+`}`)
	require.Equal(t, 401, resp.StatusCode)
	require.Equal(t, "authentication_error", at(object(t, text), "error.type"))
	resp, text = f.do("POST", "/v1/messages", `{"max_tokens": 5}`, "X-Api-Key", "k")
	require.Equal(t, 400, resp.StatusCode)
	o := object(t, text)
	require.Equal(t, "error", o["type"])
	require.Equal(t, "invalid_request_error", at(o, "error.type"))
	require.Contains(t, at(o, "error.message"), "messages: is missing")
	require.Equal(t, resp.Header.Get("Request-Id"), o["request_id"])
	resp, text = f.do("POST", "/v1/messages", `{"messages": [{"role": "user", "content": "`+strings.Repeat("abc ", 200)+`"}]}`, "X-Api-Key", "k")
	require.Equal(t, 400, resp.StatusCode)
	require.Equal(t, "invalid_request_error", at(object(t, text), "error.type"))
}

// ndjson returns the objects of a stream of lines. The test fails if a line is blank.
func ndjson(t testing.TB, text string) (list []map[string]any) {
	t.Helper()
	for line := range strings.Lines(text) {
		list = append(list, object(t, line))
	}
	return list
}

const askLlama = `"model": "tiny", "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Tell me"}], "options": {"temperature": 0, "num_predict": 12}`

// TestOllama checks that streamed and complete answers have the same content, and that answers
// in OpenAI's API have this content, too.
func TestOllama(t *testing.T) {
	f := setup(t, nil)
	want := f.post("/v1/chat/completions", `{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Tell me"}], "temperature": 0, "max_tokens": 12}`, 200)
	whole := f.post("/api/chat", `{`+askLlama+`, "stream": false}`, 200)
	said := at(whole, "message.content")
	require.Equal(t, at(want, "choices.0.message.content"), said)
	require.Equal(t, "assistant", at(whole, "message.role"))
	require.Equal(t, true, whole["done"])
	require.Equal(t, at(want, "choices.0.finish_reason"), whole["done_reason"])
	require.Equal(t, at(want, "usage.prompt_tokens"), whole["prompt_eval_count"])
	require.Equal(t, at(want, "usage.completion_tokens"), whole["eval_count"])

	resp, text := f.do("POST", "/api/chat", `{`+askLlama+`}`)
	require.Equal(t, "application/x-ndjson", resp.Header.Get("Content-Type"), "an answer must be streamed unless the request says otherwise")
	list := ndjson(t, text)
	got := ""
	for i, o := range list {
		require.Equal(t, i == len(list)-1, o["done"])
		got += at(o, "message.content").(string)
	}
	require.Equal(t, said, got)

	_, text = f.do("POST", "/api/generate", `{"model": "tiny", "prompt": "Tell me", "system": "s", "options": {"temperature": 0, "num_predict": 12}}`)
	got = ""
	for _, o := range ndjson(t, text) {
		got += o["response"].(string)
	}
	require.Equal(t, said, got)
	raw := f.post("/api/generate", `{"prompt": "abc", "raw": true, "stream": false, "options": {"temperature": 0, "num_predict": 5}}`, 200)
	plain := f.post("/v1/completions", `{"prompt": "abc", "temperature": 0, "max_tokens": 5}`, 200)
	require.Equal(t, at(plain, "choices.0.text"), raw["response"])

	for path, body := range map[string]string{"/api/chat": `{"model": "x"}`, "/api/generate": `{"model": "x", "keep_alive": -1}`} {
		require.Equal(t, "load", f.post(path, body, 200)["done_reason"])
	}
	_, text = f.do("GET", "/api/tags", "")
	require.Equal(t, "tiny.gguf", at(object(t, text), "models.0.name"))
	require.Equal(t, "llama", at(object(t, text), "models.0.details.family"))
	_, text = f.do("GET", "/api/ps", "")
	require.Equal(t, 256.0, at(object(t, text), "models.0.context_length"))
	_, text = f.do("GET", "/api/version", "")
	require.Equal(t, ollamaVersion, object(t, text)["version"])
	show := f.post("/api/show", `{"model": "tiny"}`, 200)
	require.Equal(t, 256.0, show["model_info"].(map[string]any)["llama.context_length"])
	require.Equal(t, []any{"completion", "tools"}, show["capabilities"])

	o := f.post("/api/chat", `{`+askLlama+`, "format": "xml"}`, 400)
	require.Contains(t, o["error"], "format: ", "the error must be a text, not an object")
	o = f.post("/api/chat", `{"messages": [{"role": "user", "content": "a", "images": ["x"]}]}`, 400)
	require.Contains(t, o["error"], "messages[0].images: this model reads text only")
}

// TestSeeds checks that in each API a seed decides the answer, and that the answer to a request
// without a seed contains the seed that was drawn.
func TestSeeds(t *testing.T) {
	f := setup(t, nil)
	const messages, prompt = `"messages": [{"role": "user", "content": "Hi"}], "stream": false}`, `"prompt": "Hi", "stream": false}`
	for _, tt := range []struct{ path, body, text, seed string }{
		{"/v1/chat/completions", `{%s"max_tokens": 12, ` + messages, "choices.0.message.content", "choices.0.seed"},
		{"/v1/completions", `{%s"max_tokens": 12, ` + prompt, "choices.0.text", "choices.0.seed"},
		{"/completion", `{%s"n_predict": 12, ` + prompt, "content", "generation_settings.seed"},
		{"/v1/responses", `{%s"max_output_tokens": 12, "input": "Hi"}`, "output.0.content.0.text", "seed"},
		{"/v1/messages", `{%s"max_tokens": 12, ` + messages, "content.0.text", "seed"},
		{"/api/chat", `{"options": {%s"num_predict": 12}, ` + messages, "message.content", "seed"},
		{"/api/generate", `{"options": {%s"num_predict": 12}, ` + prompt, "response", "seed"},
	} {
		ask := func(seed string) (text, used any) {
			o := f.post(tt.path, fmt.Sprintf(tt.body, seed), 200)
			return at(o, tt.text), at(o, tt.seed)
		}
		text, used := ask(`"seed": 7, `)
		require.Equal(t, 7.0, used, tt.path)
		again, _ := ask(`"seed": 7, `)
		require.Equal(t, text, again, tt.path)
		other, _ := ask(`"seed": 8, `)
		require.NotEqual(t, text, other, tt.path)
		for _, none := range []string{``, `"seed": -1, `} {
			drawn, used := ask(none)
			require.IsType(t, 0.0, used, tt.path)
			same, _ := ask(fmt.Sprintf(`"seed": %.0f, `, used))
			require.Equal(t, drawn, same, tt.path)
		}
	}
	// If there are several answers, answer i has the given seed plus i.
	o := f.post("/v1/chat/completions", `{"max_tokens": 12, "seed": 7, "n": 2, `+messages, 200)
	second := f.post("/v1/chat/completions", `{"max_tokens": 12, "seed": 8, `+messages, 200)
	require.Equal(t, at(second, "choices.0.message.content"), at(o, "choices.1.message.content"))
	require.Equal(t, 8.0, at(o, "choices.1.seed"))
}

// TestRawNeedsNoTemplate checks that a raw prompt works without a chat template.
func TestRawNeedsNoTemplate(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = nil })
	f.post("/api/generate", `{"prompt": "abc", "raw": true, "stream": false, "options": {"num_predict": 1}}`, 200)
	o := f.post("/api/generate", `{"prompt": "abc", "stream": false}`, 400)
	require.Contains(t, o["error"], "no chat template")
}
