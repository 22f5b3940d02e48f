package remote

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/oneshot"
)

// TestAsk checks that texts and conversations go to the right paths, with all settings.
func TestAsk(t *testing.T) {
	var path string
	var got map[string]any
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path, got = r.URL.Path, nil
		require.Equal(t, "Bearer K", r.Header.Get("Authorization"))
		data, _ := io.ReadAll(r.Body)
		require.NoError(t, json.Unmarshal(data, &got))
		if path == "/v1/completions" {
			io.WriteString(w, `{"choices":[{"text":" more","finish_reason":"length"}],"usage":{"prompt_tokens":3,"completion_tokens":1},"error":null}`)
			return
		}
		io.WriteString(w, `{"choices":[{"message":{"role":"assistant","content":"Grün"},"finish_reason":"stop"}]}`)
	}))
	defer s.Close()
	for _, address := range []string{s.URL, s.URL + "/", s.URL + "/v1", s.URL + "/v1/"} {
		m, err := New(address, "M", "K")
		require.NoError(t, err)
		temp := 0.5
		m.Params.Temperature = &temp
		a, err := m.Ask(t.Context(), oneshot.Query{Prompt: "Once", MaxTokens: 7, Stop: []string{"x"}, Seed: 9})
		require.NoError(t, err)
		require.Equal(t, "/v1/completions", path)
		require.Equal(t, map[string]any{"model": "M", "prompt": "Once", "max_tokens": 7.0, "stop": []any{"x"}, "seed": 9.0, "temperature": 0.5, "stream": false}, got)
		a.Took = 0
		require.Equal(t, oneshot.Answer{Text: " more", Cut: true, Tokens: 1, Prompt: 3}, a)

		a, err = m.Ask(t.Context(), oneshot.Query{Messages: []chat.Message{{Role: "user", Content: "Translate.", Input: "green"}}, MaxTokens: -1, MaxChars: 3})
		require.NoError(t, err)
		require.Equal(t, "/v1/chat/completions", path)
		require.Equal(t, []any{map[string]any{"role": "user", "content": "Translate.\n\ngreen"}}, got["messages"])
		require.NotContains(t, got, "max_tokens")
		require.Equal(t, "Grü", a.Text)
		require.True(t, a.Cut)

		m.Chat = true
		_, err = m.Ask(t.Context(), oneshot.Query{Prompt: "Once"})
		require.NoError(t, err)
		require.Equal(t, []any{map[string]any{"role": "user", "content": "Once"}}, got["messages"])
	}
}

// TestFailures checks that temporary errors are retried, and that other errors are one clear line.
func TestFailures(t *testing.T) {
	for _, test := range []struct {
		name   string
		status int
		header map[string]string
		body   string
		want   string
		asked  int
		waits  []time.Duration
	}{
		{"busy", 429, map[string]string{"Retry-After": "3"}, `{"error":{"message":"full"}}`, "status 429: full", 5, []time.Duration{3e9, 3e9, 3e9, 3e9}},
		{"the server is down", 503, nil, "", "status 503: no reason is given", 5, []time.Duration{1e9, 2e9, 4e9, 8e9}},
		{"the server asks for a long wait", 429, map[string]string{"Retry-After": "500"}, `{"error":{"message":"quota"}}`, "status 429: quota", 1, nil},
		{"the server says not to retry", 500, map[string]string{"X-Should-Retry": "false"}, `{"error":{"message":"no"}}`, "status 500: no", 1, nil},
		{"wrong", 400, nil, `{"error":{"message":"bad"}}`, "status 400: bad", 1, nil},
		{"a path that does not exist", 404, nil, "<html>not here", "status 404: <html>not here", 1, nil},
		{"no JSON", 200, nil, "<html>", "is not JSON", 1, nil},
		{"nothing", 200, nil, `{"choices":[]}`, "no choices", 1, nil},
		{"error", 200, nil, `{"error":{"message":"late"},"choices":[]}`, "late", 1, nil},
		{"empty", 200, nil, `{"choices":[{}]}`, "no text and no finish_reason", 1, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			asked := 0
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				for k, v := range test.header {
					w.Header().Set(k, v)
				}
				w.WriteHeader(test.status)
				io.WriteString(w, test.body)
			}))
			defer s.Close()
			m, err := New(s.URL, "", "")
			require.NoError(t, err)
			var waits []time.Duration
			m.pause = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
			_, err = m.Ask(t.Context(), oneshot.Query{Prompt: "x"})
			require.ErrorContains(t, err, test.want)
			require.Equal(t, test.asked, asked)
			require.Equal(t, test.waits, waits)
		})
	}
	for _, address := range []string{"localhost:8080", "ftp://x", "http://", "http://x/?a=b", "http://u:p@x"} {
		_, err := New(address, "", "")
		require.Error(t, err, address)
	}
	m, err := New("http://127.0.0.1:1", "", "")
	require.NoError(t, err)
	_, err = m.Ask(t.Context(), oneshot.Query{Prompt: "x"})
	require.ErrorContains(t, err, "there is no server")
}
