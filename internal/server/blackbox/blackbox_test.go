// Package blackbox tests a server from outside, over TCP and HTTP. An answer must not
// depend on other requests. A hostile request must get an error. The connections and
// bytes that a client can take are limited. A client that goes away must leave nothing
// behind. The tests use a small model with random weights, so that they take seconds.
package blackbox

import (
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/server"
	"alpaca/internal/server/listen"
	"alpaca/internal/testmodel"
)

// fixture is a server with a small model, asked over TCP.
type fixture struct {
	t      testing.TB
	url    string
	addr   string // host and port
	s      *server.Server
	engine *engine.Engine
	client *http.Client
}

// setup starts a server that listens like "alpaca serve".
// If change is not nil, it can change the server's options.
func setup(t testing.TB, change func(*engine.Options, *server.Options)) *fixture {
	t.Helper()
	return setupModel(t, testmodel.SPM(1), change)
}

// setupModel does what setup does, with the given model.
func setupModel(t testing.TB, of *testmodel.Model, change func(*engine.Options, *server.Options)) *fixture {
	t.Helper()
	file, err := gguf.Open(of.Write(t))
	require.NoError(t, err)
	m, err := model.Load(file, model.LoadOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	chatML, err := chat.Builtin("chatml", m.Tokenizer)
	require.NoError(t, err)
	eo := engine.Options{Threads: 1}
	so := server.Options{Path: "dir/tiny.gguf", Build: "test", Template: chatML, Metrics: true, Slots: true, KeepAlive: time.Hour, HeadTimeout: time.Minute, DrainTimeout: time.Millisecond}
	if change != nil {
		change(&eo, &so)
	}
	so.Parallel = eo.Parallel
	e, err := engine.New(m, eo)
	require.NoError(t, err)
	s := server.New(e, so)
	l, err := listen.At([]string{"127.0.0.1"}, 0)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	f := &fixture{t: t, url: l.URLs()[0], s: s, engine: e, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	f.addr = strings.TrimPrefix(f.url, "http://")
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-ended)
		f.client.CloseIdleConnections()
		require.NoError(t, e.Close())
	})
	return f
}

// do sends a request. header has names, each followed by its value.
func (f *fixture) do(method, path, body string, header ...string) (*http.Response, string) {
	f.t.Helper()
	r, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	require.NoError(f.t, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := f.client.Do(r)
	require.NoError(f.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	require.NoError(f.t, err)
	return resp, string(b)
}

// dial opens a TCP connection for a test to write to.
func (f *fixture) dial() net.Conn {
	f.t.Helper()
	c, err := net.Dial("tcp", f.addr)
	require.NoError(f.t, err)
	f.t.Cleanup(func() { c.Close() })
	return c
}

// recorded calls the server's handler without a network.
func (f *fixture) recorded(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.s.ServeHTTP(w, r)
	return w
}

// eventually waits until done returns true. The test fails after a minute.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	const patience = time.Minute
	for end := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		require.True(t, time.Now().Before(end), "after %v, this is still not true: %s", patience, what)
	}
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
