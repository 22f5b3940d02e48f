package server

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/testmodel"
)

const question = `"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "Tell me"}], "seed": 7, "ignore_eos": true`

// TestStreamBytes checks a stream byte for byte, except ids, times and the model's text.
func TestStreamBytes(t *testing.T) {
	f := setup(t, nil)
	resp, text := f.do("POST", "/v1/chat/completions", `{`+question+`, "max_tokens": 2, "stream": true, "stream_options": {"include_usage": true}}`)
	require.Equal(t, 200, resp.StatusCode)
	require.Equal(t, "text/event-stream", resp.Header.Get("Content-Type"))
	require.Equal(t, "no-cache", resp.Header.Get("Cache-Control"))
	require.Equal(t, "no", resp.Header.Get("X-Accel-Buffering"))
	for from, to := range map[string]string{
		`"id":"chatcmpl-[0-9a-f]{24}"`: `"id":"ID"`, `"created":[0-9]{10}`: `"created":1`, `("content":)"(?:[^"\\]|\\.)+"`: `$1"TEXT"`,
		`("(?:prompt|predicted)_(?:ms|per_token_ms|per_second)":)[0-9.e+-]+`: `${1}0`,
	} {
		text = regexp.MustCompile(from).ReplaceAllString(text, to)
	}
	const head = `data: {"id":"ID","object":"chat.completion.chunk","created":1,"model":"tiny.gguf","system_fingerprint":"b-alpaca-test","choices":[`
	text = strings.Replace(text, head+`{"index":0,"delta":{"content":"TEXT"},"finish_reason":null}]}`+"\n\n", "TEXT", -1)
	text = regexp.MustCompile(`(TEXT)+`).ReplaceAllString(text, "TEXT\n\n")
	want := strings.Join([]string{
		head + `{"index":0,"delta":{"role":"assistant","content":null},"finish_reason":null}]}`,
		`TEXT`,
		head + `{"index":0,"delta":{},"finish_reason":"length","seed":7}]}`,
		head + `],"usage":{"prompt_tokens":PROMPT,"completion_tokens":2,"total_tokens":TOTAL,"prompt_tokens_details":{"cached_tokens":0}},"timings":{"cache_n":0,"prompt_n":PROMPT,"prompt_ms":0,"prompt_per_token_ms":0,"prompt_per_second":0,"predicted_n":2,"predicted_ms":0,"predicted_per_token_ms":0,"predicted_per_second":0}}`,
		`data: [DONE]`,
	}, "\n\n") + "\n\n"
	count := regexp.MustCompile(`"prompt_tokens":([0-9]+)`).FindStringSubmatch(text)
	require.NotNil(t, count)
	var prompt json.Number = json.Number(count[1])
	n, _ := prompt.Int64()
	total, _ := json.Marshal(n + 2)
	want = strings.ReplaceAll(strings.ReplaceAll(want, "PROMPT", count[1]), "TOTAL", string(total))
	require.Equal(t, want, text)
	require.NotContains(t, text, "id:")
	require.NotContains(t, text, "retry:")
}

// streamed joins the content of each choice of a stream.
func streamed(t *testing.T, text string) (content map[int]string, finish map[int]string) {
	content, finish = map[int]string{}, map[int]string{}
	list := eventsOf(t, text)
	require.Equal(t, "[DONE]", list[len(list)-1])
	roles := map[int]bool{}
	for _, data := range list[:len(list)-1] {
		var chunk struct {
			Choices []struct {
				Index        int
				Text         string
				Delta        map[string]any
				FinishReason *string `json:"finish_reason"`
			}
			Error any
		}
		require.NoError(t, json.Unmarshal([]byte(data), &chunk))
		require.Nil(t, chunk.Error)
		for _, c := range chunk.Choices {
			if _, ok := c.Delta["role"]; ok {
				require.False(t, roles[c.Index], "the role must come only once")
				roles[c.Index] = true
			} else if c.Delta != nil {
				require.True(t, roles[c.Index], "the role must come first")
			}
			if s, ok := c.Delta["content"].(string); ok {
				content[c.Index] += s
			}
			content[c.Index] += c.Text
			if c.FinishReason != nil {
				require.Empty(t, finish[c.Index])
				finish[c.Index] = *c.FinishReason
			}
		}
	}
	return content, finish
}

// TestStreamIsWhole checks that streamed and complete answers are equal.
func TestStreamIsWhole(t *testing.T) {
	f := setup(t, nil)
	for _, path := range []string{"/v1/chat/completions", "/v1/completions"} {
		body := `{"prompt": "abc", ` + question + `, "max_tokens": 20, "n": 3, "stop": ["zq", "7"]`
		whole := f.post(path, body+`}`, 200)
		_, text := f.do("POST", path, body+`, "stream": true}`)
		content, finish := streamed(t, text)
		require.Len(t, content, 3)
		seen := map[string]bool{}
		for i, choice := range whole["choices"].([]any) {
			said, ok := at(choice, "message.content").(string)
			if !ok {
				said = at(choice, "text").(string)
			}
			require.Equal(t, said, content[i])
			require.Equal(t, at(choice, "finish_reason"), finish[i])
			require.Equal(t, 7.0+float64(i), at(choice, "seed"))
			seen[said] = true
		}
		require.Len(t, seen, 3, "three seeds must give three different answers")
		require.Equal(t, at(whole, "usage.total_tokens"), at(whole, "usage.prompt_tokens").(float64)+at(whole, "usage.completion_tokens").(float64))
		require.NotContains(t, text, `"choices":[]`, "choices must not be empty, because old clients take the first one")
		require.NotContains(t, text, `"usage"`, "usage must be there only on request")
	}
}

// TestLogprobs checks that there is an entry for each token, with its bytes.
func TestLogprobs(t *testing.T) {
	f := setup(t, nil)
	o := f.post("/v1/chat/completions", `{`+question+`, "max_tokens": 12, "logprobs": true, "temperature": 0}`, 200)
	entries := at(o, "choices.0.logprobs.content").([]any)
	require.Len(t, entries, 12)
	var bytes []byte
	for _, e := range entries {
		require.Empty(t, at(e, "top_logprobs"))
		require.NotNil(t, at(e, "top_logprobs"), "a list")
		for _, c := range at(e, "bytes").([]any) {
			bytes = append(bytes, byte(c.(float64)))
		}
	}
	require.Equal(t, at(o, "choices.0.message.content"), printable(string(bytes)))

	o = f.post("/v1/chat/completions", `{`+question+`, "max_tokens": 3, "logprobs": true, "top_logprobs": 2, "temperature": 0}`, 200)
	entry := at(o, "choices.0.logprobs.content.0")
	require.Len(t, at(entry, "top_logprobs"), 2)
	require.Equal(t, at(entry, "logprob"), at(entry, "top_logprobs.0.logprob"), "the greedy choice must be the first of the top tokens")

	// The tokens of a stop text do not belong to the answer.
	whole := f.post("/v1/completions", `{"prompt": "abc", "max_tokens": 12, "temperature": 0, "ignore_eos": true}`, 200)
	said := at(whole, "choices.0.text").(string)
	runes := []rune(said)
	stop := string(runes[4:6])
	quoted, _ := json.Marshal(stop)
	cut := f.post("/v1/completions", `{"prompt": "abc", "max_tokens": 12, "temperature": 0, "ignore_eos": true, "logprobs": 1, "stop": `+string(quoted)+`}`, 200)
	want, _, _ := strings.Cut(said, stop)
	require.Equal(t, want, at(cut, "choices.0.text"))
	require.Equal(t, "stop", at(cut, "choices.0.finish_reason"))
	tokens := ""
	for _, tok := range at(cut, "choices.0.logprobs.tokens").([]any) {
		tokens += tok.(string)
	}
	require.True(t, strings.HasPrefix(tokens, want) && len(tokens) <= len(want)+len(stop), "%q of %q", tokens, want)
	require.Len(t, at(cut, "choices.0.logprobs.text_offset"), len(at(cut, "choices.0.logprobs.token_logprobs").([]any)))

	_, text := f.do("POST", "/v1/chat/completions", `{`+question+`, "max_tokens": 12, "logprobs": true, "temperature": 0, "stream": true}`)
	require.Equal(t, 12, strings.Count(text, `"logprob":`))
}

// TestPrefill checks that the last message of the assistant is continued, and that the response
// has only the new text.
func TestPrefill(t *testing.T) {
	f := setup(t, nil)
	const ask = `{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": %}], "max_tokens": 6, "temperature": 0, "verbose": true, "ignore_eos": true}`
	begun := f.post("/v1/chat/completions", strings.ReplaceAll(ask, "%", `"It is"`), 200)
	require.True(t, strings.HasSuffix(at(begun, "__verbose.prompt").(string), "<|im_start|>assistant\nIt is"))
	require.False(t, strings.HasPrefix(at(begun, "choices.0.message.content").(string), "It is"))
	empty := f.post("/v1/chat/completions", strings.ReplaceAll(ask, "%", `""`), 200)
	require.True(t, strings.HasSuffix(at(empty, "__verbose.prompt").(string), "<|im_start|>assistant\n"))
}

// TestLimits checks texts that fill the context.
func TestLimits(t *testing.T) {
	f := setup(t, func(e *engine.Options, _ *Options) { e.Ctx = 64 })
	o := f.post("/v1/chat/completions", `{"messages": [{"role": "user", "content": "`+strings.Repeat("abc ", 30)+`"}]}`, 400)
	require.Equal(t, "exceed_context_size_error", at(o, "error.type"))
	require.Equal(t, 64.0, at(o, "error.n_ctx"))
	require.Greater(t, at(o, "error.n_prompt_tokens"), 64.0)
	o = f.post("/completion", `{"prompt": "abc", "ignore_eos": true}`, 200)
	require.Equal(t, true, o["truncated"])
	require.Equal(t, "limit", o["stop_type"])
	require.Equal(t, 64.0-o["tokens_evaluated"].(float64), o["tokens_predicted"])
	// A prompt may have one token less than the context.
	ids := strings.TrimSuffix(strings.Repeat("5,", 63), ",")
	f.post("/completion", `{"prompt": [`+ids+`,5]}`, 400)
	o = f.post("/completion", `{"prompt": [`+ids+`], "n_predict": 0}`, 200)
	require.Equal(t, "", o["content"])
	require.Equal(t, 0.0, o["tokens_predicted"])
}

// TestNoRounding checks that a context has exactly the size that was asked for, and is not rounded
// to whole blocks.
func TestNoRounding(t *testing.T) {
	f := setup(t, func(e *engine.Options, _ *Options) { e.Ctx, e.Parallel = 100, 2 })
	_, text := f.do("GET", "/props", "")
	require.Equal(t, 100.0, at(object(t, text), "default_generation_settings.n_ctx"))
	for n, status := range map[int]int{99: 200, 100: 400} {
		f.post("/completion", `{"n_predict": 1, "prompt": [`+strings.TrimSuffix(strings.Repeat("5,", n), ",")+`]}`, status)
	}
}

// TestShift checks that a text continues in a full context if the server allows it.
func TestShift(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { e.Ctx, o.Shift = 64, true })
	o := f.post("/completion", `{"prompt": "abc", "ignore_eos": true, "n_predict": 100}`, 200)
	require.Equal(t, 100.0, o["tokens_predicted"])
	require.Equal(t, true, o["truncated"])
}

func TestNoTemplate(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = nil })
	o := f.post("/v1/chat/completions", `{`+question+`}`, 400)
	require.Contains(t, at(o, "error.message"), "no chat template")
	f.post("/v1/completions", `{"prompt": "a", "max_tokens": 1}`, 200)
}

// TestProgress checks that a stream reports the progress of a long prompt.
func TestProgress(t *testing.T) {
	f := setup(t, func(e *engine.Options, _ *Options) { e.Batch = 16 })
	_, text := f.do("POST", "/v1/chat/completions", `{"messages": [{"role": "user", "content": "`+strings.Repeat("abc ", 30)+`"}], "max_tokens": 2, "stream": true, "return_progress": true, "timings_per_token": true}`)
	var processed []float64
	total, took := 0.0, 0.0
	for _, data := range eventsOf(t, text) {
		o := object(t, strings.Replace(data, "[DONE]", "{}", 1))
		p := at(o, "prompt_progress")
		if p == nil {
			continue
		}
		total = at(p, "total").(float64)
		processed = append(processed, at(p, "processed").(float64))
		require.Equal(t, processed[len(processed)-1], at(o, "timings.prompt_n"), "prompt_n must count all tokens processed so far, because none was in the cache")
		require.GreaterOrEqual(t, at(o, "timings.prompt_ms"), took)
		took = at(o, "timings.prompt_ms").(float64)
		require.Equal(t, 0.0, at(o, "timings.predicted_n"))
	}
	require.Greater(t, total, 30.0)
	require.Greater(t, took, 0.0)
	require.Equal(t, 0.0, processed[0], "the first report must come before the prompt is read")
	for i := 1; i < len(processed); i++ {
		require.Greater(t, processed[i], processed[i-1])
	}
	require.Equal(t, total, processed[len(processed)-1])
	require.GreaterOrEqual(t, len(processed), int(total)/16+1, "there must be a report for each batch")
	streamed(t, text)
}

// TestReasoning checks that an answer is thinking if the prompt ends with the opening tag.
func TestReasoning(t *testing.T) {
	m := loadModel(t, testmodel.SPM(1))
	thinker, err := chat.FromModel(`{% for m in messages %}{{ m.role }}: {{ m.content }}
{% endfor %}{% if add_generation_prompt %}assistant: {% if enable_thinking is defined and not enable_thinking %}<think></think>{% else %}<think>{% endif %}{% endif %}`, m.Tokenizer)
	require.NoError(t, err)
	f := setup(t, func(_ *engine.Options, o *Options) { o.Template = thinker })
	const ask = `{"messages": [{"role": "user", "content": "a"}], "max_tokens": 5, "temperature": 0, "ignore_eos": true`
	o := f.post("/v1/chat/completions", ask+`}`, 200)
	require.Equal(t, "", at(o, "choices.0.message.content"))
	thought := at(o, "choices.0.message.reasoning_content")
	require.NotEmpty(t, thought)
	require.Equal(t, "length", at(o, "choices.0.finish_reason"))
	_, text := f.do("POST", "/v1/chat/completions", ask+`, "stream": true}`)
	require.Contains(t, text, `"delta":{"reasoning_content":`)
	require.NotContains(t, text, `"content":"`)
	o = f.post("/v1/chat/completions", ask+`, "reasoning_format": "none"}`, 200)
	require.NotEmpty(t, at(o, "choices.0.message.content"))
	o = f.post("/v1/chat/completions", ask+`, "reasoning_effort": "none", "verbose": true}`, 200)
	require.NotEmpty(t, at(o, "choices.0.message.content"))
	require.Contains(t, at(o, "__verbose.prompt"), "<think></think>")
	o = f.post("/v1/chat/completions", ask+`, "chat_template_kwargs": {"enable_thinking": false}}`, 200)
	require.Nil(t, at(o, "choices.0.message.reasoning_content"))
}
