package probe

import (
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/server/listen"
	"alpaca/internal/server/metrics"
)

// watched is a process in the given state.
type watched struct{ ready, alive bool }

func (w *watched) Ready() bool                 { return w.ready }
func (w *watched) Alive() bool                 { return w.alive }
func (w *watched) Write(p *metrics.Exposition) { p.One("counter", "x_total", "Things.", 3) }

func TestProbe(t *testing.T) {
	l, err := listen.At([]string{"127.0.0.1"}, 0)
	require.NoError(t, err)
	w := &watched{ready: true, alive: true}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { Serve(ctx, l, w); close(ended) }()
	ask := func(method, path string) (int, string) {
		req, err := http.NewRequest(method, l.URLs()[0]+path, nil)
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(text)
	}
	for _, test := range []struct {
		method, path string
		state        watched
		code         int
		text         string
	}{
		{"GET", "/readyz", watched{true, true}, 200, "ready\n"},
		{"GET", "/readyz", watched{false, true}, 503, "not ready\n"},
		{"GET", "/livez", watched{false, true}, 200, "alive\n"},
		{"GET", "/livez", watched{true, false}, 503, "not alive\n"},
		{"GET", "/metrics", watched{}, 200, "# HELP x_total Things.\n# TYPE x_total counter\nx_total 3\n"},
		{"POST", "/livez", watched{}, 405, "Method Not Allowed\n"},
		{"GET", "/", watched{}, 404, "404 page not found\n"},
	} {
		*w = test.state
		code, text := ask(test.method, test.path)
		require.Equal(t, test.code, code, test.path)
		require.Equal(t, test.text, text, test.path)
	}
	cancel()
	<-ended
}
