package server

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server/listen"
)

// endless is a request whose answer takes as long as the test. %v is for "stream".
const endless = `{"prompt": "abc", "max_tokens": -1, "ignore_eos": true, "stream": %v}`

// slow makes answers last until somebody ends them, however fast the machine is: the context is
// large, and a full context is shifted.
func slow(e *engine.Options, o *Options) {
	e.Ctx = 1 << 16
	e.Blocks = 1<<11 + 64
	o.Shift = true
}

// eventually waits until done returns true. The test fails if that takes too long.
func eventually(t testing.TB, what string, done func() bool) {
	t.Helper()
	const patience = 2 * time.Minute
	for end := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(end), "after %v, this is still not so: %s", patience, what)
	}
}

// begin sends a request in the background. resp gets the response, and leave cancels the request.
func (f *fixture) begin(body string) (resp chan *http.Response, leave context.CancelFunc) {
	ctx, leave := context.WithCancel(f.t.Context())
	resp = make(chan *http.Response, 1)
	r, err := http.NewRequestWithContext(ctx, "POST", f.URL+"/v1/completions", strings.NewReader(body))
	require.NoError(f.t, err)
	go func() {
		got, _ := http.DefaultClient.Do(r)
		resp <- got
	}()
	return resp, leave
}

func (f *fixture) running() int { return f.s.busy() }

// TestClientGoes checks that nothing is computed for clients that have gone, streaming or not,
// running or waiting.
func TestClientGoes(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); e.Parallel = 1 })
	for _, stream := range []bool{true, false} {
		before := f.engine.Stats().Cancelled
		resp, leave := f.begin(fmt.Sprintf(endless, stream))
		steps := f.engine.Stats().Steps
		eventually(t, "being answered", func() bool { return f.running() == 1 && f.engine.Stats().Steps > steps })
		_, leaveQueue := f.begin(fmt.Sprintf(endless, stream))
		eventually(t, "waiting", func() bool { return f.engine.Stats().Waiting == 1 })
		leaveQueue()
		eventually(t, "no request is waiting", func() bool { return f.engine.Stats().Waiting == 0 && f.running() == 1 })
		leave()
		if r := <-resp; r != nil {
			io.Copy(io.Discard, r.Body)
			r.Body.Close()
		}
		eventually(t, "no request is in progress", func() bool { return f.running() == 0 })
		require.Equal(t, before+2, f.engine.Stats().Cancelled)
	}
	f.post("/v1/completions", `{"prompt": "abc", "max_tokens": 1}`, 200)
}

// TestQueueFull checks that too many requests are refused at once, with a time to retry after.
func TestQueueFull(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); e.Parallel, e.Queue = 1, 1 })
	_, leave := f.begin(fmt.Sprintf(endless, false))
	defer leave()
	eventually(t, "being answered", func() bool { return f.engine.Stats().Steps > 0 })
	_, leaveQueue := f.begin(fmt.Sprintf(endless, true))
	defer leaveQueue()
	eventually(t, "waiting", func() bool { return f.engine.Stats().Waiting == 1 })
	resp, text := f.do("POST", "/v1/completions", `{"prompt": "a"}`)
	require.Equal(t, 429, resp.StatusCode)
	require.Equal(t, "queue_full", at(object(t, text), "error.code"))
	require.Equal(t, "rate_limit_error", at(object(t, text), "error.type"))
	var wait int
	_, err := fmt.Sscan(resp.Header.Get("Retry-After"), &wait)
	require.NoError(t, err)
	require.True(t, wait >= 1 && wait <= 60, "%d", wait)
	resp, _ = f.do("GET", "/health", "")
	require.Equal(t, 200, resp.StatusCode, "the server must count as healthy although requests wait")
}

// TestKeepAlive checks what a stream sends while there is no text:
// comments, pings, or lines with an empty text, which clients of the
// stream's API skip. Clients of Ollama's API fail at an empty line.
func TestKeepAlive(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); e.Parallel, o.KeepAlive = 1, time.Millisecond })
	_, leave := f.begin(fmt.Sprintf(endless, false))
	defer leave()
	eventually(t, "being answered", func() bool { return f.engine.Stats().Steps > 0 })
	for _, tt := range []struct {
		path string
		want []string // patterns of the first lines
	}{
		{"/v1/chat/completions", []string{"^:$", "^$", "^:$"}},
		{"/v1/messages", []string{"^event: message_start$", "", "^$", "^event: ping$"}},
		{"/api/chat", []string{`^{"model":"tiny.gguf","created_at":"[^"]*","message":{"role":"assistant","content":""},"done":false}$`, `^{"model".*"done":false}$`}},
		{"/api/generate", []string{`^{"model":"tiny.gguf","created_at":"[^"]*","response":"","done":false}$`, `^{"model".*"done":false}$`}},
	} {
		ctx, leaveQueue := context.WithCancel(t.Context())
		body := `{"messages": [{"role": "user", "content": "Hi"}], "prompt": "Hi", "stream": true}`
		r, err := http.NewRequestWithContext(ctx, "POST", f.URL+tt.path, strings.NewReader(body))
		require.NoError(t, err)
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.Equal(t, 200, resp.StatusCode)
		lines := bufio.NewReader(resp.Body)
		for _, want := range tt.want {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			require.Regexp(t, want, strings.TrimSuffix(line, "\n"), tt.path)
		}
		leaveQueue()
		resp.Body.Close()
		eventually(t, "no request is waiting", func() bool { return f.engine.Stats().Waiting == 0 })
	}
}

// serve runs a server as the command does.
func (f *fixture) serve(l listen.Listeners) (stop context.CancelFunc, ended chan error) {
	ctx, stop := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() { ended <- f.s.Serve(ctx, l) }()
	f.t.Cleanup(stop)
	return stop, ended
}

// TestDrain checks that answers in progress are finished, and that new requests are refused.
func TestDrain(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); o.DrainTimeout = 5 * time.Minute })
	l, err := listen.At([]string{"127.0.0.1"}, 0)
	require.NoError(t, err)
	stop, ended := f.serve(l)
	f.URL = l.URLs()[0]
	resp, leave := f.begin(`{"prompt": "abc", "max_tokens": 200, "ignore_eos": true, "stream": true}`)
	defer leave()
	r := <-resp
	require.Equal(t, 200, r.StatusCode)
	stop()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	r.Body.Close()
	list := eventsOf(t, string(b))
	require.Equal(t, "[DONE]", list[len(list)-1])
	require.NoError(t, <-ended)
	_, err = http.Get(f.URL + "/health")
	require.Error(t, err, "nobody listens")
}

// TestDrainList checks that a request with many prompts is finished, too, even if some prompts have
// not begun yet.
func TestDrainList(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); e.Parallel, o.DrainTimeout = 1, 5*time.Minute })
	l, err := listen.At([]string{"127.0.0.1"}, 0)
	require.NoError(t, err)
	stop, ended := f.serve(l)
	f.URL = l.URLs()[0]
	resp, leave := f.begin(`{"prompt": ["a", "b", "c", "d"], "max_tokens": 100, "ignore_eos": true}`)
	defer leave()
	eventually(t, "being answered", func() bool { return f.engine.Stats().Steps > 0 })
	stop()
	r := <-resp
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	r.Body.Close()
	require.Equal(t, 200, r.StatusCode, string(b))
	require.Len(t, object(t, string(b))["choices"], 4)
	require.NoError(t, <-ended)
}

// TestDrainTimeout checks that a stream that is cut ends with an error. Without the error, a client
// would believe that the answer is complete.
func TestDrainTimeout(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); o.DrainTimeout = time.Millisecond })
	l, err := listen.At([]string{"127.0.0.1"}, 0)
	require.NoError(t, err)
	stop, ended := f.serve(l)
	f.URL = l.URLs()[0]
	streaming, leave := f.begin(fmt.Sprintf(endless, true))
	defer leave()
	whole, leaveWhole := f.begin(fmt.Sprintf(endless, false))
	defer leaveWhole()
	r := <-streaming
	eventually(t, "both requests are being answered", func() bool { return f.running() == 2 })
	stop()
	b, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	r.Body.Close()
	list := eventsOf(t, string(b))
	last := object(t, list[len(list)-1])
	require.Equal(t, "draining", at(last, "error.code"))
	require.Equal(t, "unavailable_error", at(last, "error.type"))
	r = <-whole
	b, err = io.ReadAll(r.Body)
	require.NoError(t, err)
	r.Body.Close()
	require.Equal(t, 503, r.StatusCode)
	require.Equal(t, "5", r.Header.Get("Retry-After"))
	require.Equal(t, "draining", at(object(t, string(b)), "error.code"))
	require.NoError(t, <-ended)
}

// TestDraining checks the responses after the signal to end.
func TestDraining(t *testing.T) {
	f := setup(t, nil)
	f.s.draining.Store(true)
	for path, status := range map[string]int{"/health": 503, "/readyz": 503, "/livez": 200} {
		resp, _ := f.do("GET", path, "")
		require.Equal(t, status, resp.StatusCode, path)
	}
	f.post("/v1/completions", `{"prompt": "a", "max_tokens": 1}`, 200)
	f.s.refusing.Store(true)
	resp, text := f.do("POST", "/v1/completions", `{"prompt": "a", "max_tokens": 1}`)
	require.Equal(t, 503, resp.StatusCode)
	require.Equal(t, "unavailable_error", at(object(t, text), "error.type"))
	require.NotEmpty(t, resp.Header.Get("Retry-After"))
	require.True(t, resp.Close, "the connection must be closed")
}

// TestStalled checks that /livez tells whether the engine hangs. An engine that waits for a slow
// reader does not hang.
func TestStalled(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); o.StallTimeout = 100 * time.Millisecond })
	alive := func() bool {
		resp, text := f.do("GET", "/livez", "")
		if resp.StatusCode == 503 {
			require.Equal(t, "stalled", at(object(t, text), "error.code"))
		}
		return resp.StatusCode == 200
	}
	require.True(t, alive(), "before the first request, the engine must count as alive")
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	const window = 4
	unread, err := f.engine.Submit(ctx, engine.Request{Prompt: []int32{1, 2}, MaxTokens: -1, Window: window, Sampling: f.s.opt.Sampling})
	require.NoError(t, err)
	eventually(t, "the reader is too slow", func() bool { return f.engine.Stats().GeneratedTokens >= window && f.engine.Stalled() == 0 })
	time.Sleep(2 * f.s.opt.StallTimeout)
	require.True(t, alive(), "an engine that waits for a slow reader must count as alive")

	hang := make(chan struct{})
	hangs := engine.Request{Prompt: []int32{1, 2, 3}, MaxTokens: 1, Sampling: f.s.opt.Sampling, Progress: func(int, int) { <-hang }}
	_, err = f.engine.Submit(ctx, hangs)
	require.NoError(t, err)
	eventually(t, "the step hangs", func() bool { return !alive() })
	close(hang)
	eventually(t, "the step continues", alive)
	leave()
	for _, ok := unread.Next(); ok; _, ok = unread.Next() {
	}
}

// TestRequestTimeout checks that an answer does not take longer than its request allows.
func TestRequestTimeout(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *Options) { slow(e, o); e.Parallel = 1 })
	for _, stream := range []bool{false, true} {
		resp, text := f.do("POST", "/v1/completions", fmt.Sprintf(endless, stream), "X-Request-Timeout", "0.3")
		if stream && resp.StatusCode == 200 {
			list := eventsOf(t, text)
			require.Equal(t, "request_timeout", at(object(t, list[len(list)-1]), "error.code"))
		} else {
			require.Equal(t, 408, resp.StatusCode, text)
			require.Equal(t, "request_timeout", at(object(t, text), "error.code"))
			require.Equal(t, "false", resp.Header.Get("X-Should-Retry"))
		}
		eventually(t, "the request has ended", func() bool { return f.engine.Stats().Busy == 0 })
	}
	for _, bad := range []string{"0", "-1", "NaN", "1e9", "soon"} {
		resp, text := f.do("POST", "/v1/completions", `{"prompt": "a", "max_tokens": 1}`, "X-Request-Timeout", bad)
		require.Equal(t, 400, resp.StatusCode)
		require.Equal(t, "X-Request-Timeout", at(object(t, text), "error.param"))
	}
	resp, _ := f.do("POST", "/v1/completions", `{"prompt": "a", "max_tokens": 1}`, "X-Request-Timeout", "600")
	require.Equal(t, 200, resp.StatusCode)
}
