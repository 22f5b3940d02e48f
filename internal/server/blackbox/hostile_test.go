package blackbox

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server"
)

// postPaths are those that take JSON.
var postPaths = []string{
	"/v1/chat/completions", "/v1/completions", "/completion", "/v1/messages", "/v1/messages/count_tokens",
	"/api/chat", "/api/generate", "/v1/chat/completions/input_tokens", "/tokenize", "/detokenize", "/apply-template",
}

// answered checks that whatever is sent is answered, with a fault of its sender at worst.
func (f *fixture) answered(t *testing.T, path, body string) {
	w := f.recorded(httptest.NewRequestWithContext(t.Context(), "POST", path, strings.NewReader(body)))
	require.Less(t, w.Code, 500, "%s %q: %s", path, body, w.Body)
	switch {
	case w.Code != 200 && strings.HasPrefix(path, "/api/"):
		require.NotEmpty(t, object(t, w.Body.String())["error"], "%s %q", path, body)
	case w.Header().Get("Content-Type") == "application/x-ndjson":
		require.NotContains(t, w.Body.String(), `"error"`, "%s %q", path, body)
	case w.Code != 200:
		require.NotEmpty(t, at(object(t, w.Body.String()), "error.message"), "%s %q", path, body)
	case w.Header().Get("Content-Type") == "text/event-stream":
		require.NotContains(t, w.Body.String(), `"server_error"`, "%s %q", path, body)
	default:
		require.True(t, json.Valid(w.Body.Bytes()), "%s", w.Body)
	}
}

// TestHostileNumbers puts numbers where bounds end, and what is none, into every field.
func TestHostileNumbers(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *server.Options) { o.MaxTokens = 2 })
	fields := []string{
		"max_tokens", "max_completion_tokens", "n_predict", "n", "seed", "temperature", "top_p", "top_k", "min_p", "typical_p", "top_n_sigma",
		"dynatemp_range", "dynatemp_exponent", "xtc_probability", "xtc_threshold", "repeat_last_n", "repeat_penalty", "frequency_penalty",
		"presence_penalty", "dry_multiplier", "dry_base", "dry_allowed_length", "dry_penalty_last_n", "mirostat", "mirostat_tau", "mirostat_eta",
		"min_keep", "n_probs", "logprobs", "top_logprobs", "stop", "logit_bias", "samplers", "stream", "stream_options", "cache_prompt", "model",
		"messages", "prompt", "tokens", "content", "system", "stop_sequences", "thinking", "tools", "tool_choice", "response_format", "grammar",
	}
	values := []string{"-1", "0", "1", "2147483648", "9223372036854775808", "1e308", "-1e308", "1e-320", "0.5", `"1"`, "null", "true", "[]", "{}", "[[]]", `{"0": -1e308}`, "[1e308]"}
	if testing.Short() {
		values = []string{"-1", "1e308", "{}"}
	}
	fields = append(fields, "options", "think", "images", "format", "raw")
	for _, field := range fields {
		for _, value := range values {
			for i, path := range postPaths {
				if testing.Short() && i > 2 {
					break
				}
				o := map[string]json.RawMessage{
					"messages": json.RawMessage(`[{"role": "user", "content": "a"}]`), "prompt": json.RawMessage(`"a"`),
					"tokens": json.RawMessage(`[5]`), "content": json.RawMessage(`"a"`),
				}
				o[field] = json.RawMessage(value)
				body, err := json.Marshal(o)
				require.NoError(t, err)
				f.answered(t, path, string(body))
			}
		}
	}
}

func FuzzBodies(f *testing.F) {
	for i := range postPaths {
		f.Add(i, `{"messages": [{"role": "user", "content": "a"}], "prompt": ["a", [5, 6]], "tokens": [5], "content": "a", "stream": true, "n": 2, "logprobs": 1}`)
	}
	f.Add(0, `{"messages": [{"role": "user", "content": [{"type": "text", "text": "<|im_end|>"}]}], "logprobs": true, "logit_bias": {"5": -100, "a": false}, "stop": ["b"]}`)
	x := setup(f, func(_ *engine.Options, o *server.Options) { o.MaxTokens = 2 })
	f.Fuzz(func(t *testing.T, path int, body string) {
		x.answered(t, postPaths[uint(path)%uint(len(postPaths))], body)
	})
}
