package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
)

func TestAbout(t *testing.T) {
	f := setup(t, nil)
	for _, path := range []string{"/health", "/v1/health", "/livez", "/readyz"} {
		resp, text := f.do("GET", path, "")
		require.Equal(t, 200, resp.StatusCode)
		require.JSONEq(t, `{"status": "ok"}`, text)
	}
	for _, path := range []string{"/v1/models", "/models"} {
		_, text := f.do("GET", path, "")
		o := object(t, text)
		require.Equal(t, "list", at(o, "object"))
		require.Equal(t, "tiny.gguf", at(o, "data.0.id"))
		require.Equal(t, 256.0, at(o, "data.0.meta.n_ctx"))
	}
	_, text := f.do("GET", "/v1/models/tiny.gguf", "")
	require.Equal(t, "model", at(object(t, text), "object"))
	resp, text := f.do("GET", "/v1/models/a/b", "")
	require.Equal(t, 404, resp.StatusCode)
	require.Equal(t, "model_not_found", at(object(t, text), "error.code"))
	resp, text = f.do("GET", "/v1/models/", "")
	require.Equal(t, 404, resp.StatusCode)
	require.Equal(t, `model: there is no model ""; there is tiny.gguf`, at(object(t, text), "error.message"))

	_, text = f.do("GET", "/props", "")
	o := object(t, text)
	require.Equal(t, 4.0, at(o, "total_slots"))
	require.Equal(t, "tiny.gguf", at(o, "model_path"), "the path must not show in which folder the model is")
	require.Equal(t, 256.0, at(o, "default_generation_settings.n_ctx"))
	require.Equal(t, 40.0, at(o, "default_generation_settings.params.top_k"))
	require.Contains(t, at(o, "chat_template"), "<|im_start|>")

	_, text = f.do("GET", "/slots", "")
	var slots []map[string]any
	require.NoError(t, json.Unmarshal([]byte(text), &slots))
	require.Len(t, slots, 4)
	require.Equal(t, false, slots[0]["is_processing"])
}

// TestMaxTokens checks that no answer has more tokens than the server allows.
func TestMaxTokens(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.MaxTokens = 5 })
	for asked, got := range map[string]float64{"-1": 5, "9": 5, "3": 3, "0": 0} {
		o := f.post("/completion", `{"prompt": "abc", "ignore_eos": true, "n_predict": `+asked+`}`, 200)
		require.Equal(t, got, o["tokens_predicted"], asked)
	}
}

// TestErrors checks that every error has the form that clients expect.
func TestErrors(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Metrics, o.Slots, o.MaxBody = false, false, 1000 })
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind               string
		code, param        any
	}{
		{"GET", "/nothing", "", 404, "not_found_error", "not_found", nil},
		{"GET", "/v1/chat/completions", "", 405, "invalid_request_error", "method_not_allowed", nil},
		{"DELETE", "/health", "", 405, "invalid_request_error", "method_not_allowed", nil},
		{"GET", "/metrics", "", 501, "not_supported_error", "switched_off", nil},
		{"GET", "/slots", "", 501, "not_supported_error", "switched_off", nil},
		{"POST", "/v1/chat/completions", `{`, 400, "invalid_request_error", nil, nil},
		{"POST", "/v1/chat/completions", `{"messages": [{"role": "user", "content": "a"}], "n": 5}`, 400, "invalid_request_error", nil, "n"},
		{"POST", "/v1/chat/completions", `{"messages": [{"role": "user", "content": "a"}], "logit_bias": {"99999": 1}}`, 400, "invalid_request_error", nil, "logit_bias"},
		{"POST", "/v1/completions", `{"prompt": [99999]}`, 400, "invalid_request_error", nil, "prompt"},
		{"POST", "/v1/completions", `{"prompt": ["a", [1, 99999]]}`, 400, "invalid_request_error", nil, "prompt[1]"},
		{"POST", "/detokenize", `{"tokens": [99999]}`, 400, "invalid_request_error", nil, "tokens"},
		{"POST", "/v1/completions", `{"prompt": "` + strings.Repeat("a", 1000) + `"}`, 413, "invalid_request_error", "request_too_large", nil},
		{"POST", "/v1/completions", `{"prompt": "` + strings.Repeat("abc ", 240) + `"}`, 400, "exceed_context_size_error", "context_length_exceeded", nil},
	} {
		resp, text := f.do(tt.method, tt.path, tt.body)
		require.Equal(t, tt.status, resp.StatusCode, "%s %s: %s", tt.method, tt.path, text)
		o := object(t, text)
		require.Equal(t, tt.kind, at(o, "error.type"), text)
		require.Equal(t, tt.code, at(o, "error.code"), text)
		require.Equal(t, tt.param, at(o, "error.param"), text)
		require.NotEmpty(t, at(o, "error.message"))
		require.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
		require.NotEmpty(t, resp.Header.Get("X-Request-Id"))
		if tt.status == 501 {
			require.Equal(t, "false", resp.Header.Get("X-Should-Retry"), "without this header, clients would retry after status 501")
		}
		if tt.status == 405 {
			require.NotEmpty(t, resp.Header.Get("Allow"))
		}
	}
	resp, _ := f.do("GET", "/health", "", "X-Request-Id", "mine-1.x")
	require.Equal(t, "mine-1.x", resp.Header.Get("X-Request-Id"))
	resp, _ = f.do("GET", "/health", "", "X-Request-Id", `a"b`)
	require.True(t, strings.HasPrefix(resp.Header.Get("X-Request-Id"), "req_"))
}

// TestPanic checks that a panic in one request does not end others, and that the response reveals
// nothing about the program.
func TestPanic(t *testing.T) {
	f := setup(t, nil)
	var log logged
	f.s.opt.Log = log.add
	h := f.s.outermost(f.s.reporting(func(http.ResponseWriter, *http.Request) error { panic("secret") }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/x", nil))
	require.Equal(t, 500, w.Code)
	require.NotContains(t, w.Body.String(), "secret")
	require.Equal(t, "server_error", at(object(t, w.Body.String()), "error.type"))
	require.Contains(t, log.lines[0], "panic")
}

func TestTokenize(t *testing.T) {
	f := setup(t, nil)
	o := f.post("/tokenize", `{"content": "ab é", "add_special": true}`, 200)
	ids, _ := json.Marshal(o["tokens"])
	o = f.post("/detokenize", `{"tokens": `+string(ids)+`}`, 200)
	require.Equal(t, "<s> ab é", o["content"])
	o = f.post("/tokenize", `{"content": "é\u4f60", "with_pieces": true}`, 200)
	var b bytes.Buffer
	for _, item := range o["tokens"].([]any) {
		switch p := at(item, "piece").(type) {
		case string:
			b.WriteString(p)
		case []any:
			for _, c := range p {
				b.WriteByte(byte(c.(float64)))
			}
		}
	}
	require.Equal(t, " é\u4f60", b.String())
	o = f.post("/tokenize", `{"content": "</s>", "parse_special": false}`, 200)
	require.Greater(t, len(o["tokens"].([]any)), 1)
	o = f.post("/tokenize", `{"content": "</s>"}`, 200)
	require.Len(t, o["tokens"], 1)

	o = f.post("/apply-template", `{"messages": [{"role": "user", "content": "hi"}]}`, 200)
	require.Equal(t, "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n", o["prompt"])
	o = f.post("/apply-template", `{"messages": [{"role": "user", "content": "hi"}], "add_generation_prompt": false}`, 200)
	require.Equal(t, "<|im_start|>user\nhi<|im_end|>\n", o["prompt"])
	o = f.post("/v1/chat/completions/input_tokens", `{"messages": [{"role": "user", "content": "hi"}]}`, 200)
	require.Greater(t, o["input_tokens"], 10.0)
}

func TestMetrics(t *testing.T) {
	f := setup(t, nil)
	f.post("/v1/completions", `{"prompt": "abc", "max_tokens": 3, "ignore_eos": true}`, 200)
	f.do("GET", "/nothing/that/exists", "")
	resp, text := f.do("GET", "/metrics", "")
	require.Equal(t, 200, resp.StatusCode)
	require.NotEmpty(t, resp.Header.Get("Process-Start-Time-Unix"))
	for _, line := range []string{
		"# TYPE llamacpp:prompt_tokens_total counter\n",
		"# TYPE llamacpp:requests_processing gauge\n",
		`alpaca_requests_total{path="/v1/completions",code="200"} 1` + "\n",
		`alpaca_requests_total{path="other",code="404"} 1` + "\n",
		`alpaca_time_to_first_token_seconds_bucket{le="+Inf"} 1` + "\n",
		"alpaca_time_to_first_token_seconds_count 1\n",
		"alpaca_inter_token_seconds_count 2\n",
		"alpaca_queue_seconds_count 1\n",
	} {
		require.Contains(t, text, line)
	}
	require.NotContains(t, text, "that/exists", "a path that does not exist must not become a label")
	for kind, names := range map[string]string{
		"counter": `llamacpp:prompt_tokens_total llamacpp:prompt_tokens_cached_total llamacpp:prompt_seconds_total llamacpp:tokens_predicted_total
			llamacpp:tokens_predicted_seconds_total llamacpp:n_decode_total llamacpp:n_tokens_max llamacpp:spec_decode_num_draft_tokens_total
			llamacpp:spec_decode_num_accepted_tokens_total llamacpp:spec_decode_num_drafts_total alpaca_requests_total alpaca_preemptions_total
			alpaca_cancelled_total alpaca_prefix_hit_tokens_total`,
		"gauge": `llamacpp:prompt_tokens_seconds llamacpp:predicted_tokens_seconds llamacpp:requests_processing llamacpp:requests_deferred
			llamacpp:n_busy_slots_per_decode alpaca_queue_depth alpaca_running alpaca_kv_blocks`,
		"histogram": `alpaca_time_to_first_token_seconds alpaca_inter_token_seconds alpaca_queue_seconds`,
	} {
		for name := range strings.FieldsSeq(names) {
			require.Equal(t, 1, strings.Count(text, "# HELP "+name+" "), name)
			require.Equal(t, 1, strings.Count(text, "# TYPE "+name+" "+kind+"\n"), name)
			require.Regexp(t, `(?m)^`+name+`(_bucket)?(\{[^}]*\})? [0-9.e+-]+$`, text)
		}
	}
}

// TestPage checks that the page needs no key: it asks the user for the key.
func TestPage(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *Options) { o.Keys = []string{"k"} })
	for _, path := range []string{"/", "/ui/main.js"} {
		resp, text := f.do("GET", path, "")
		require.Equal(t, 200, resp.StatusCode)
		require.NotEmpty(t, text)
		require.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
	}
	f = setup(t, func(_ *engine.Options, o *Options) { o.NoPage = true })
	resp, _ := f.do("GET", "/", "")
	require.Equal(t, 404, resp.StatusCode)
}
