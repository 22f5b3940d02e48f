package blackbox

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/sampler"
	"alpaca/internal/server"
	"alpaca/internal/testmodel"
)

// postPaths are the paths that take JSON.
var postPaths = []string{
	"/v1/chat/completions", "/v1/completions", "/completion", "/v1/messages", "/v1/messages/count_tokens",
	"/v1/responses", "/v1/responses/input_tokens", "/api/chat", "/api/generate", "/v1/chat/completions/input_tokens", "/tokenize", "/detokenize", "/apply-template",
}

// answered checks that a body gets an answer or an error below status 500.
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

// TestHostileNumbers puts extreme numbers and values of other types into every field.
func TestHostileNumbers(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *server.Options) { o.MaxTokens = 2 })
	fields := []string{
		"max_tokens", "max_completion_tokens", "n_predict", "n", "seed", "adaptive_target", "post_sampling_probs", "n_probs", "logprobs", "top_logprobs", "stop", "logit_bias", "samplers", "stream", "stream_options", "cache_prompt", "model",
		"messages", "prompt", "tokens", "content", "system", "stop_sequences", "thinking", "tools", "tool_choice", "response_format", "grammar",
	}
	values := []string{"-1", "0", "1", "2147483648", "9223372036854775808", "1e308", "-1e308", "1e-320", "0.5", `"1"`, "null", "true", "[]", "{}", "[[]]", `{"0": -1e308}`, "[1e308]"}
	if testing.Short() {
		values = []string{"-1", "1e308", "{}"}
	}
	fields = append(fields, "options", "think", "images", "format", "raw")
	for _, x := range new(sampler.Params).Numbers() {
		fields = append(fields, x.Name)
	}
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

// fuzz sends fuzzed bodies to paths whose requests have similar fields.
func fuzz(f *testing.F, paths []string, seeds ...string) {
	for i := range paths {
		for _, seed := range seeds {
			f.Add(i, seed)
		}
	}
	// The fuzzing is about parsing requests, so the smallest model will do.
	smallest := testmodel.Spec{Seed: 1, Dim: 32, Layers: 1}.Make()
	x := setupModel(f, smallest, func(e *engine.Options, o *server.Options) { o.MaxTokens, e.Drafts.Off = 1, true })
	f.Fuzz(func(t *testing.T, path int, body string) {
		x.answered(t, paths[uint(path)%uint(len(paths))], body)
	})
}

func FuzzChat(f *testing.F) {
	fuzz(f, []string{"/v1/chat/completions"},
		`{"messages": [{"role": "user", "content": "a"}], "stream": true, "n": 2, "logprobs": true, "top_logprobs": 3, "stream_options": {"include_usage": true}}`,
		`{"messages": [{"role": "user", "content": [{"type": "text", "text": "<|im_end|>"}]}], "logit_bias": {"5": -100, "a": false}, "stop": ["b"], "reasoning_effort": "none"}`,
		`{"messages": [{"role": "user", "content": "a"}], "response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", "properties": {"a": {"type": "string", "pattern": "^a+$"}}}}}}`,
		`{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": null, "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}]}, {"role": "tool", "tool_call_id": "c", "content": "b"}], "tools": [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}], "tool_choice": "auto"}`)
}

func FuzzCompletion(f *testing.F) {
	fuzz(f, []string{"/v1/completions", "/completion"},
		`{"prompt": ["a", [5, "b"]], "stream": true, "n": 2, "logprobs": 1, "n_probs": 2, "max_tokens": 2, "echo": false, "suffix": "", "best_of": 1}`,
		`{"prompt": "a", "grammar": "root ::= [a-z]+", "samplers": ["top_k", "temperature"], "response_fields": ["content", "timings/prompt_n"], "dry_sequence_breakers": ["a"]}`,
		`{"prompt": "a", "json_schema": {"enum": [1, "b", null]}, "logit_bias": [[5, false], ["a", 1.5]], "mirostat": 2, "return_progress": true, "timings_per_token": true}`)
}

func FuzzMessages(f *testing.F) {
	fuzz(f, []string{"/v1/messages", "/v1/messages/count_tokens"},
		`{"messages": [{"role": "user", "content": "a"}], "system": [{"type": "text", "text": "s"}], "max_tokens": 2, "stream": true, "stop_sequences": ["x"], "thinking": {"type": "enabled", "budget_tokens": 1024}}`,
		`{"messages": [{"role": "assistant", "content": [{"type": "thinking", "thinking": "t", "signature": ""}, {"type": "tool_use", "id": "i", "name": "n", "input": {"a": 1}}]}, {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "i", "content": [{"type": "text", "text": "b"}], "is_error": true}]}], "tools": [{"name": "n", "input_schema": {"type": "object"}}], "tool_choice": {"type": "auto"}}`)
}

func FuzzResponses(f *testing.F) {
	fuzz(f, []string{"/v1/responses", "/v1/responses/input_tokens"},
		`{"input": "a", "instructions": "b", "max_output_tokens": 2, "stream": true, "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}}, "include": ["message.output_text.logprobs"], "top_logprobs": 2, "metadata": {"a": "b"}}`,
		`{"input": [{"role": "user", "content": [{"type": "input_text", "text": "a"}]}, {"type": "reasoning", "summary": [{"type": "summary_text", "text": "t"}]}, {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}, {"type": "function_call_output", "call_id": "c", "output": "o"}], "tools": [{"type": "function", "name": "f", "parameters": {"type": "object"}}], "tool_choice": {"type": "function", "name": "f"}, "reasoning": {"effort": "low"}}`)
}

func FuzzOllama(f *testing.F) {
	fuzz(f, []string{"/api/chat", "/api/generate", "/api/show"},
		`{"model": "m", "messages": [{"role": "user", "content": "a", "images": []}, {"role": "assistant", "content": "", "thinking": "t", "tool_calls": [{"function": {"name": "f", "arguments": {"a": 1}}}]}], "prompt": "a", "options": {"num_predict": 2, "num_ctx": 64, "stop": ["x"]}, "format": "json", "think": true, "stream": false}`,
		`{"prompt": "a", "system": "s", "raw": true, "keep_alive": "5m", "suffix": "", "context": [], "template": "", "format": {"type": "object"}, "tools": []}`)
}

func FuzzTokens(f *testing.F) {
	fuzz(f, []string{"/tokenize", "/detokenize", "/apply-template", "/v1/chat/completions/input_tokens"},
		`{"content": "a\u00e9<s>", "add_special": true, "parse_special": false, "with_pieces": true, "tokens": [5, 6], "messages": [{"role": "user", "content": "a"}], "add_generation_prompt": false, "chat_template_kwargs": {"a": [1, {"b": null}]}}`)
}
