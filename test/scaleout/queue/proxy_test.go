package queue

import (
	"bytes"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/queue"
)

// proxy stands between a client and the server. When armed, it becomes deaf at the server's first
// acknowledgement of a stored message: it drops everything that the server sends from then on.
type proxy struct {
	net.Listener
	to    string
	armed atomic.Bool
	deaf  atomic.Bool
	mu    sync.Mutex
	open  []net.Conn
}

func newProxy(t *testing.T, url string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	p := &proxy{Listener: l, to: strings.TrimPrefix(url, "nats://")}
	t.Cleanup(func() { l.Close(); p.cut() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", p.to)
			if err != nil {
				client.Close()
				continue
			}
			p.mu.Lock()
			p.open = append(p.open, client, server)
			p.mu.Unlock()
			go io.Copy(server, client)
			go io.Copy(deafWriter{p, client}, server)
		}
	}()
	return p
}

// deafWriter drops what is written to it while the proxy is deaf.
type deafWriter struct {
	p *proxy
	w io.Writer
}

func (d deafWriter) Write(b []byte) (int, error) {
	if d.p.armed.Load() && bytes.Contains(b, []byte(`"seq":`)) {
		d.p.deaf.Store(true)
	}
	if d.p.deaf.Load() {
		return len(b), nil
	}
	return d.w.Write(b)
}

// cut closes all connections.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.open {
		c.Close()
	}
	p.open = nil
}

// TestAckLost loses the server's acknowledgements of stored jobs. The batch puts the jobs in
// again, and each of them is there only once.
func TestAckLost(t *testing.T) {
	url := plainServer(t)
	c := initialize(t, url, queue.Limits{}, 0)
	p := newProxy(t, url)
	list := requests(t, 40)
	var out output
	b := batch(t, list, &out)
	p.armed.Store(true)
	done := make(chan error, 1)
	go func() { done <- run(t, "nats://"+p.Addr().String(), b) }()
	jobsThere := func() int {
		s, err := c.Status(t.Context())
		require.NoError(t, err)
		return int(s.Jobs.Messages)
	}
	require.Eventually(t, func() bool { return jobsThere() == 40 }, aLong, time.Millisecond)
	require.True(t, p.deaf.Load(), "no acknowledgement was lost")
	p.armed.Store(false)
	p.deaf.Store(false)
	p.cut()
	exec := &echo{}
	work(t, url, exec, queue.WorkerOptions{})
	require.NoError(t, <-done)
	out.complete(t, list)
	require.EqualValues(t, 40, exec.tries.Load(), "each job must be there once")
	empty(t, c)
}
