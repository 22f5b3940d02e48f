package blackbox

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/sampler"
	"alpaca/internal/server"
)

// The answer to endless lasts until the test ends. The answer to brief takes almost no time.
const (
	endless = `{"prompt": "abc", "max_tokens": -1, "ignore_eos": true, "temperature": 0}`
	brief   = `{"prompt": "abc", "max_tokens": 2, "ignore_eos": true, "temperature": 0}`
)

// long makes answers last until somebody ends them, however fast the machine is: contexts are
// large, and a full context is shifted.
func long(e *engine.Options, o *server.Options) {
	e.Ctx = 1 << 16
	e.Blocks = 1<<11 + 64
	o.Shift, o.Sampling = true, sampler.DefaultParams()
	o.Sampling.IgnoreEOS = true
}

// background sends a request and reads its answer in the background. leave cancels the request.
// status is the response's status, 0 before there is one.
func (f *fixture) background(client *http.Client, body string, header ...string) (leave func(), status *atomic.Int32) {
	ctx, cancel := context.WithCancel(f.t.Context())
	r, err := http.NewRequestWithContext(ctx, "POST", f.url+"/v1/completions", strings.NewReader(body))
	require.NoError(f.t, err)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	status = &atomic.Int32{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		resp, err := client.Do(r)
		if err != nil {
			return
		}
		defer resp.Body.Close()
		status.Store(int32(resp.StatusCode))
		io.Copy(io.Discard, resp.Body)
	}()
	leave = func() { cancel(); <-done }
	f.t.Cleanup(leave)
	return leave, status
}

// TestFairKeys checks that a key with many running and waiting requests does not keep another key
// from being answered.
func TestFairKeys(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *server.Options) {
		long(e, o)
		e.Parallel, e.Queue, o.Keys = 2, 4, []string{"many", "few"}
	})
	testFair(f, f.client, f.client, []string{"Authorization", "Bearer many"}, []string{"Authorization", "Bearer few"})
}

// TestFairAddresses checks that a client with many requests does not keep another client from
// being answered. The clients have no keys, so the server knows them by their addresses.
func TestFairAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this machine has only one loopback address")
	}
	f := setup(t, func(e *engine.Options, o *server.Options) { long(e, o); e.Parallel, e.Queue = 2, 4 })
	from := func(address string) *http.Client {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
		c := &http.Client{Transport: &http.Transport{DialContext: d.DialContext}}
		t.Cleanup(c.CloseIdleConnections)
		return c
	}
	testFair(f, from("127.0.0.2"), from("127.0.0.3"), nil, nil)
}

func testFair(f *fixture, manyClient, fewClient *http.Client, manyHeader, fewHeader []string) {
	t := f.t
	var leave []func()
	for i := range 6 { // two requests run, and four wait
		stop, _ := f.background(manyClient, endless, manyHeader...)
		leave = append(leave, stop)
		eventually(t, "the request is in the queue", func() bool { return f.engine.Stats().Busy == i+1 })
	}
	eventually(t, "two requests are answered", func() bool { s := f.engine.Stats(); return s.Running == 2 && s.Waiting == 4 })
	_, refused := f.background(manyClient, brief, manyHeader...)
	eventually(t, "the queue is full", func() bool { return refused.Load() == 429 })
	_, answered := f.background(fewClient, brief, fewHeader...)
	eventually(t, "there is a place for another client", func() bool { return f.engine.Stats().Waiting == 5 })
	_, refused = f.background(fewClient, brief, fewHeader...)
	eventually(t, "but one", func() bool { return refused.Load() == 429 })
	leave[0]()
	eventually(t, "the other client is answered", func() bool { return answered.Load() == 200 })
	require.GreaterOrEqual(t, f.engine.Stats().Waiting, 3, "requests that came first must still wait")
}

// TestHalfOfThePlaces checks that a key gets at most half of the parallel answers while other
// keys wait.
func TestHalfOfThePlaces(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *server.Options) {
		long(e, o)
		e.Parallel, o.Keys = 4, []string{"a", "b", "c"}
	})
	as := func(key string) []string { return []string{"Authorization", "Bearer " + key} }
	// Key c has all parallel answers, so that the other keys wait.
	var leave []func()
	for range 4 {
		stop, _ := f.background(f.client, endless, as("c")...)
		leave = append(leave, stop)
	}
	eventually(t, "all places are taken", func() bool { return f.engine.Stats().Running == 4 })
	for range 6 {
		f.background(f.client, endless, as("a")...)
	}
	eventually(t, "a waits", func() bool { return f.engine.Stats().Waiting == 6 })
	var bs []*atomic.Int32
	for range 2 {
		_, status := f.background(f.client, brief, as("b")...)
		bs = append(bs, status)
	}
	eventually(t, "b waits", func() bool { return f.engine.Stats().Waiting == 8 })
	for _, stop := range leave {
		stop()
	}
	for _, status := range bs {
		eventually(t, "b is answered", func() bool { return status.Load() == 200 })
	}
}

// TestRetryAfter checks the error of each API when the queue is full.
func TestRetryAfter(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *server.Options) {
		long(e, o)
		e.Parallel, e.Queue, o.Keys = 1, 1, []string{"k"}
	})
	header := []string{"Authorization", "Bearer k"}
	for range 2 {
		f.background(f.client, endless, header...)
	}
	eventually(t, "one request is answered and one waits", func() bool { s := f.engine.Stats(); return s.Running == 1 && s.Waiting == 1 })
	for path, body := range map[string]string{
		"/v1/completions": brief, "/completion": brief, "/v1/chat/completions": `{"messages": [{"role": "user", "content": "a"}], "stream": true}`,
		"/v1/messages": `{"messages": [{"role": "user", "content": "a"}], "max_tokens": 1}`, "/v1/responses": `{"input": "a"}`, "/api/chat": `{"messages": [{"role": "user", "content": "a"}]}`,
	} {
		start := time.Now()
		resp, text := f.do("POST", path, body, header...)
		require.Equal(t, 429, resp.StatusCode, path)
		require.Less(t, time.Since(start), 10*time.Second, "a refusal must come at once")
		var wait int
		_, err := fmt.Sscan(resp.Header.Get("Retry-After"), &wait)
		require.NoError(t, err, path)
		require.True(t, wait >= 1 && wait <= 60, "%s: %d", path, wait)
		if path != "/api/chat" {
			require.Equal(t, "rate_limit_error", at(object(t, text), "error.type"), text)
		}
	}
}
