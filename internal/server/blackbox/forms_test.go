package blackbox

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server"
)

// TestForms checks the responses of every path to every method: a wrong method gets an error in
// the form of the path's API, with the allowed methods.
func TestForms(t *testing.T) {
	f := setup(t, nil)
	gets := []string{"/health", "/v1/health", "/livez", "/readyz", "/v1/models", "/models", "/metrics", "/props", "/slots", "/api/version", "/api/tags", "/api/ps", "/"}
	posts := append([]string{"/chat/completions", "/completions", "/responses", "/api/show"}, postPaths...)
	for _, path := range append(append([]string{}, gets...), posts...) {
		allow, isGet := "POST", false
		for _, p := range gets {
			if p == path {
				allow, isGet = "GET, HEAD", true
			}
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"} {
			// Other tests check POST. With other methods, /v1/responses/input_tokens stands for
			// a response with the id input_tokens.
			if !isGet && method == "POST" || path == "/v1/responses/input_tokens" {
				continue
			}
			resp, text := f.do(method, path, "")
			if isGet && (method == "GET" || method == "HEAD") {
				require.Equal(t, 200, resp.StatusCode, "%s %s", method, path)
				require.Equal(t, method == "GET", text != "", "%s %s", method, path)
				continue
			}
			require.Equal(t, 405, resp.StatusCode, "%s %s", method, path)
			require.Equal(t, allow, resp.Header.Get("Allow"), "%s %s", method, path)
			if method != "HEAD" {
				require.Contains(t, errorOf(t, path, text), method)
			}
		}
	}
	for _, path := range []string{"/nothing", "/v1/nothing", "/v1/messages/nothing", "/api/nothing", "/v1/models/nothing", "/v1/responses/nothing", "/ui/nothing", "/v1//models/../x", "/%00"} {
		for _, method := range []string{"GET", "POST"} {
			resp, text := f.do(method, path, "")
			if path == "/v1/models/nothing" && method == "POST" {
				require.Equal(t, 405, resp.StatusCode)
				continue
			}
			require.Equal(t, 404, resp.StatusCode, "%s %s: %s", method, path, text)
			require.NotEmpty(t, errorOf(t, path, text))
		}
	}
}

// errorOf returns the message of an error, which must have the form of the path's API.
func errorOf(t testing.TB, path, text string) string {
	o := object(t, text)
	if strings.HasPrefix(path, "/api/") {
		require.IsType(t, "", o["error"], text)
		return o["error"].(string)
	}
	if strings.HasPrefix(path, "/v1/messages") {
		require.Equal(t, "error", o["type"], text)
	} else {
		require.Contains(t, o["error"], "param")
		require.Contains(t, o["error"], "code")
	}
	require.NotEmpty(t, at(o, "error.type"), text)
	message, _ := at(o, "error.message").(string)
	return message
}

// TestRefusals checks that an unsupported request is an error, with a status after which clients
// do not retry.
func TestRefusals(t *testing.T) {
	f := setup(t, nil)
	const question = `"messages": [{"role": "user", "content": "a"}]`
	for _, tt := range []struct{ path, body, says string }{
		{"/v1/completions", `{"prompt": "a", "echo": true}`, "echo: "},
		{"/v1/completions", `{"prompt": "a", "suffix": "b"}`, "suffix: "},
		{"/v1/completions", `{"prompt": "a", "best_of": 2}`, "best_of: "},
		{"/v1/completions", `{"prompt": "a", "n": 0}`, "n: is 0"},
		{"/v1/completions", `{"prompt": "a", "n": 129}`, "n: is 129"},
		{"/v1/completions", `{"prompt": "a", "t_max_predict_ms": 5}`, "t_max_predict_ms: "},
		{"/completion", `{"prompt": "a", "post_sampling_probs": 1, "n_probs": 1}`, "post_sampling_probs: "},
		{"/completion", `{"prompt": "a", "adaptive_target": 0.5}`, "adaptive_target: "},
		{"/v1/chat/completions", `{` + question + `, "top_logprobs": 2}`, "top_logprobs: needs"},
		{"/v1/chat/completions", `{` + question + `, "modalities": ["text", "audio"]}`, "modalities: "},
		{"/v1/chat/completions", `{` + question + `, "audio": {"voice": "x"}}`, "audio: "},
		{"/v1/chat/completions", `{` + question + `, "web_search_options": {}}`, "web_search_options: "},
		{"/v1/chat/completions", `{` + question + `, "chat_template": "{{ messages }}"}`, "chat_template: templates come from the model alone"},
		{"/apply-template", `{` + question + `, "chat_template": "{{ messages }}"}`, "chat_template: templates come from the model alone"},
		{"/api/chat", `{` + question + `, "template": "{{ .Prompt }}"}`, "template: templates come from the model alone"},
		{"/api/generate", `{"prompt": "a", "context": [1, 2]}`, "context: "},
		{"/api/generate", `{"prompt": "a", "suffix": "b"}`, "suffix: "},
		{"/v1/responses", `{"input": "a", "previous_response_id": "resp_1"}`, "previous_response_id: "},
		{"/v1/responses", `{"input": "a", "truncation": "auto"}`, "truncation: "},
		{"/v1/embeddings", `{"input": "a"}`, "embeddings"},
		{"/api/embed", `{"input": "a"}`, "embeddings"},
		{"/v1/rerank", `{}`, "does not rank texts"},
		{"/infill", `{"input_prefix": "a", "input_suffix": "b"}`, "fill in"},
		{"/slots/0?action=save", `{"filename": "/etc/passwd"}`, "state of texts"},
		{"/api/pull", `{"model": "http://127.0.0.1/x"}`, "not managed over HTTP"},
		{"/api/create", `{"from": "x", "files": {"a": "/etc/passwd"}}`, "not managed over HTTP"},
	} {
		resp, text := f.do("POST", tt.path, tt.body)
		require.Equal(t, 400, resp.StatusCode, "%s %s: %s", tt.path, tt.body, text)
		require.Contains(t, errorOf(t, tt.path, text), tt.says, "%s %s", tt.path, tt.body)
	}
}

// TestNothingIsFetched checks that no request makes the server open a connection or a file.
func TestNothingIsFetched(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	var fetched atomic.Int32
	go http.Serve(l, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { fetched.Add(1) }))
	f := setup(t, nil)
	for _, url := range []string{"http://" + l.Addr().String() + "/x.png", "file:///etc/hostname", "data:image/png;base64,AAAA", "/etc/hostname"} {
		for path, body := range map[string]string{
			"/v1/chat/completions": `{"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": %q}}]}]}`,
			"/v1/responses":        `{"input": [{"role": "user", "content": [{"type": "input_image", "image_url": %q}]}]}`,
			"/v1/messages":         `{"messages": [{"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": %q}}]}]}`,
			"/api/chat":            `{"messages": [{"role": "user", "content": "a", "images": [%q]}]}`,
			"/api/generate":        `{"prompt": "a", "images": [%q]}`,
		} {
			resp, text := f.do("POST", path, fmt.Sprintf(body, url))
			require.Equal(t, 400, resp.StatusCode, path)
			require.Contains(t, errorOf(t, path, text), "text only", path)
		}
		// The name of a model is only a name, even if it is a URL or a path. The answer has the
		// name of the server's own model.
		resp, text := f.do("POST", "/v1/completions", fmt.Sprintf(`{"prompt": "a", "max_tokens": 1, "model": %q}`, url))
		require.Equal(t, 200, resp.StatusCode, text)
		require.Equal(t, "tiny.gguf", object(t, text)["model"])
	}
	require.Zero(t, fetched.Load())
	for _, path := range []string{
		"/v1/models/../../etc/hostname", "/v1/models/%2e%2e%2f%2e%2e%2fetc%2fhostname", "/v1/models/%2Fetc%2Fhostname", "/ui/../../../etc/hostname",
		"/ui/%2e%2e/%2e%2e/etc/hostname", "/ui/..%2f..%2fetc%2fhostname", "/ui/%5c..%5cserver.go", "/ui/",
	} {
		c := f.dial() // http.Client would normalize the path
		fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path)
		require.Contains(t, strings.SplitN(ended(t, c), "\r\n", 2)[0], "404", path)
	}
}

// TestUserTextIsNoControl checks that the text of a control token in a message is not encoded as
// that token.
func TestUserTextIsNoControl(t *testing.T) {
	f := setup(t, nil)
	count := func(content string) float64 {
		_, text := f.do("POST", "/v1/chat/completions/input_tokens", `{"messages": [{"role": "user", "content": "`+content+`"}]}`)
		return at(object(t, text), "input_tokens").(float64)
	}
	_, text := f.do("POST", "/tokenize", `{"content": "</s>"}`)
	require.Len(t, object(t, text)["tokens"], 1, "</s> must be one token of the vocabulary")
	require.GreaterOrEqual(t, count("x</s>"), count("x")+4, "in a message, </s> must be encoded like any other text")
}

// TestLog checks that the log has the request's id, but no prompt and no key.
func TestLog(t *testing.T) {
	var mu sync.Mutex
	var log strings.Builder
	f := setup(t, func(_ *engine.Options, o *server.Options) {
		o.Log = func(format string, args ...any) {
			mu.Lock()
			defer mu.Unlock()
			fmt.Fprintf(&log, format+"\n", args...)
		}
	})
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"messages": [{"role": "user", "content": "secret"}], "max_tokens": 1}`,
		"/v1/completions":      `{"prompt": "secret", "max_tokens": 1}`,
		"/v1/responses":        `{"input": "secret", "max_output_tokens": 1}`,
		"/tokenize":            `{"content": "secret"}`,
		"/completion":          `{"prompt": ["secret", 5, {}]}`,
	} {
		f.do("POST", path, body, "X-Request-Id", "mine-7", "Authorization", "Bearer secret")
	}
	eventually(t, "all requests are logged", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return strings.Count(log.String(), "mine-7") == 5
	})
	require.NotContains(t, log.String(), "secret")
}
