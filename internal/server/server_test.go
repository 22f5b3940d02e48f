package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/testmodel"
)

// loadModel returns a small model that is closed at the end of the test.
func loadModel(t testing.TB, m *testmodel.Model) *model.Model {
	t.Helper()
	f, err := gguf.Open(m.Write(t))
	require.NoError(t, err)
	loaded, err := model.Load(f, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { loaded.Close() })
	return loaded
}

// logged is a log that tests can read.
type logged struct {
	mu    sync.Mutex
	lines []string
}

func (l *logged) add(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, strings.TrimSpace(format))
}

// fixture is a server with a small model, asked over TCP.
type fixture struct {
	*httptest.Server
	t      testing.TB
	s      *Server
	engine *engine.Engine
}

// setup starts a server. change may change its options; nil: it does not.
func setup(t testing.TB, change func(*engine.Options, *Options)) *fixture {
	t.Helper()
	return setupModel(t, loadModel(t, testmodel.SPM(1)), change)
}

// setupModel is setup with another model.
func setupModel(t testing.TB, m *model.Model, change func(*engine.Options, *Options)) *fixture {
	t.Helper()
	chatML, err := chat.Builtin("chatml", m.Tokenizer)
	require.NoError(t, err)
	eo := engine.Options{Threads: 1}
	so := Options{Path: "dir/tiny.gguf", Build: "test", Template: chatML, Metrics: true, Slots: true}
	if change != nil {
		change(&eo, &so)
	}
	so.Parallel = eo.Parallel
	e, err := engine.New(m, eo)
	require.NoError(t, err)
	s := New(e, so)
	f := &fixture{httptest.NewServer(s), t, s, e}
	t.Cleanup(func() {
		s.end()
		f.Close()
		require.NoError(t, e.Close())
	})
	return f
}

// do sends a request. header has names, each followed by its value.
func (f *fixture) do(method, path, body string, header ...string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.URL+path, strings.NewReader(body))
	require.NoError(f.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	require.NoError(f.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(f.t, err)
	return resp, string(b)
}

// post sends JSON and returns the response, which must have the given status.
func (f *fixture) post(path, body string, status int) map[string]any {
	f.t.Helper()
	resp, text := f.do("POST", path, body)
	require.Equal(f.t, status, resp.StatusCode, text)
	return object(f.t, text)
}

func object(t testing.TB, text string) (o map[string]any) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &o), text)
	return o
}

// at returns the value at a path in JSON, such as "choices.0.message.content".
func at(v any, path string) any {
	for name := range strings.SplitSeq(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			v = x[name]
		case []any:
			if i := int(name[0] - '0'); i < len(x) {
				v = x[i]
			} else {
				return nil
			}
		default:
			return nil
		}
	}
	return v
}

// eventsOf returns the data of a stream's events, including [DONE]. The test fails if the stream
// has anything else except comments.
func eventsOf(t testing.TB, text string) (list []string) {
	t.Helper()
	require.True(t, strings.HasSuffix(text, "\n\n"), "the last event needs its blank line: %q", text)
	lines := bufio.NewReader(strings.NewReader(text))
	for {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			return list
		}
		if line == ":\n" {
			_, err = lines.ReadString('\n')
			continue
		}
		data, ok := strings.CutPrefix(line, "data: ")
		require.True(t, ok, "%q", line)
		blank, _ := lines.ReadString('\n')
		require.Equal(t, "\n", blank)
		list = append(list, strings.TrimSuffix(data, "\n"))
	}
}

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

	_, text = f.do("GET", "/props", "")
	o := object(t, text)
	require.Equal(t, 4.0, at(o, "total_slots"))
	require.Equal(t, "tiny.gguf", at(o, "model_path"), "not where it lies")
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
			require.Equal(t, "false", resp.Header.Get("X-Should-Retry"), "clients retry 501 otherwise")
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
	require.NotContains(t, text, "that/exists", "a stranger's path is no label")
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
