package server

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestFaultInStream checks that a stream ends with an error in the form of
// the path's API if the program has a fault in the middle of the stream.
// Without the error, clients would believe that the stream is complete.
func TestFaultInStream(t *testing.T) {
	f := setup(t, nil)
	var log logged
	f.s.opt.Log = log.add
	for _, tt := range []struct{ path, first, last string }{
		{"/v1/chat/completions", "data: {\"a\":1}\n\n", `data: {"error":{`},
		{"/completion", "data: {\"a\":1}\n\n", `data: {"error":{`},
		{"/v1/responses", "data: {\"a\":1}\n\n", `data: {"error":{`},
		{"/v1/messages", "data: {\"a\":1}\n\n", "event: error\ndata: {\"error\":{"},
		{"/api/chat", "{\"a\":1}\n", `{"error":"`},
	} {
		for name, broken := range map[string]func(){"panic": func() { panic("secret") }, "no JSON": nil} {
			h := f.s.outermost(f.s.reporting(func(w http.ResponseWriter, _ *http.Request) error {
				out := f.s.newEvents(w)
				send := out.send
				if strings.HasPrefix(tt.path, "/api/") {
					send = out.line
				}
				send(map[string]int{"a": 1})
				if broken != nil {
					broken()
				}
				send(math.NaN())
				return nil
			}))
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("POST", tt.path, nil))
			rest, ok := strings.CutPrefix(w.Body.String(), tt.first)
			require.True(t, ok, "%s, %s: %q", tt.path, name, w.Body)
			require.True(t, strings.HasPrefix(rest, tt.last), "%s, %s: %q", tt.path, name, rest)
			require.True(t, strings.HasSuffix(rest, "\n"), rest)
			require.Contains(t, rest, "something went wrong in the server")
			require.NotContains(t, rest, "secret")
		}
	}
	require.Contains(t, strings.Join(log.lines, "\n"), "panic")
}

// TestRetryInLog checks that the log says how often a client has
// retried, and ignores a header that is not a number of retries.
func TestRetryInLog(t *testing.T) {
	f := setup(t, nil)
	var line string
	f.s.opt.Log = func(format string, args ...any) { line = fmt.Sprintf(format, args...) }
	for count, want := range map[string]string{"": "", "0": "", "2": ", retry 2", "-1": "", "many\n": "", "1e9": ""} {
		r := httptest.NewRequest("POST", "/nothing", nil)
		r.Header.Set("X-Stainless-Retry-Count", count)
		f.s.ServeHTTP(httptest.NewRecorder(), r)
		require.Regexp(t, `^POST /nothing 404 in \S+, there is no /nothing here`+want+` \(req_[0-9a-f]+\)$`, line, "%q", count)
	}
}

// TestLoading checks what clients of each API get before the model is loaded.
func TestLoading(t *testing.T) {
	for path, field := range map[string]string{
		"/health": "error.message", "/readyz": "error.message", "/v1/models": "error.message", "/v1/chat/completions": "error.message", "/v1/messages": "error.message", "/api/tags": "error",
	} {
		w := httptest.NewRecorder()
		Loading().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		require.Equal(t, 503, w.Code, path)
		require.Equal(t, "1", w.Header().Get("Retry-After"), path)
		require.Equal(t, "Loading model", at(object(t, w.Body.String()), field), path)
	}
	w := httptest.NewRecorder()
	Loading().ServeHTTP(w, httptest.NewRequest("GET", "/health", nil))
	require.Equal(t, "unavailable_error", at(object(t, w.Body.String()), "error.type"))
	w = httptest.NewRecorder()
	Loading().ServeHTTP(w, httptest.NewRequest("GET", "/livez", nil))
	require.Equal(t, 200, w.Code, "/livez must answer, because the program runs")
}

// TestIgnoredFields checks that the log names a field without effect only once, and never shows its
// value.
func TestIgnoredFields(t *testing.T) {
	f := setup(t, nil)
	var lines []string
	f.s.opt.Log = func(format string, args ...any) {
		if strings.HasPrefix(format, "requests have") {
			lines = append(lines, fmt.Sprintf(format, args...))
		}
	}
	for range 2 {
		f.post("/v1/chat/completions", `{`+tell+`, "max_tokens": 1, "min_tokens": "secret", "user": "u", "store": false, "metadata": {}, "stream_options": null, "tool_choice": "none"}`, 200)
		f.post("/v1/completions", `{"prompt": "a", "max_tokens": 1, "min_tokens": 2, "length_penalty": 1, "seed": 1, "logprobs": 0, "echo": false}`, 200)
		f.post("/completion", `{"prompt": "a", "n_predict": 1, "n_keep": 1, "samplers": ["top_k"], "grammar": "root ::= \"a\"", "n_probs": 1}`, 200)
	}
	require.Equal(t, []string{
		`requests have the field "min_tokens", which has no effect here`, `requests have the field "length_penalty", which has no effect here`, `requests have the field "n_keep", which has no effect here`,
	}, lines)
	many := map[string]int{}
	for i := range 200 {
		many[fmt.Sprint("x", i)] = i
	}
	body, err := json.Marshal(map[string]any{"prompt": "a", "max_tokens": 1})
	require.NoError(t, err)
	more, err := json.Marshal(many)
	require.NoError(t, err)
	f.post("/v1/completions", strings.TrimSuffix(string(body), "}")+","+strings.TrimPrefix(string(more), "{"), 200)
	require.Len(t, lines, 64, "a client must not be able to fill the log")
}
