package listen

import (
	"net"
	"net/http"
	"slices"
	"sync"
)

// Gate limits the number of connections of all listeners together. At the limit, a new connection
// replaces the one that has been idle longest, so that idle clients do not keep others out. If no
// connection is idle, the new one waits.
type Gate struct {
	Refusal Refusal // answers malformed requests; nil: net/http does

	max int

	mu      sync.Mutex
	changed *sync.Cond
	open    int
	idle    []*gated // idle connections, the longest idle first
}

// NewGate returns a gate that admits up to limit connections.
func NewGate(limit int) *Gate {
	g := &Gate{max: limit}
	g.changed = sync.NewCond(&g.mu)
	return g
}

// Listener returns a listener that accepts ln's connections within the gate's limit.
func (g *Gate) Listener(ln net.Listener) net.Listener {
	return &gatedListener{Listener: ln, gate: g}
}

// State must be the http.Server's ConnState: it tells the gate which connections are idle.
func (g *Gate) State(c net.Conn, state http.ConnState) {
	conn, ok := c.(*gated)
	if !ok {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.idle = slices.DeleteFunc(g.idle, func(other *gated) bool { return other == conn })
	if state == http.StateIdle {
		g.idle = append(g.idle, conn)
		g.changed.Broadcast()
	}
}

// Open returns the number of open connections.
func (g *Gate) Open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.open
}

type gatedListener struct {
	net.Listener
	gate   *Gate
	closed bool // guarded by the gate's mu
}

// Accept waits for a connection, and then for room for it.
func (l *gatedListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	g := l.gate
	g.mu.Lock()
	for g.open >= g.max && !l.closed {
		if len(g.idle) == 0 {
			g.changed.Wait()
			continue
		}
		oldest := g.idle[0]
		g.idle = g.idle[1:]
		g.mu.Unlock()
		oldest.Close()
		g.mu.Lock()
	}
	defer g.mu.Unlock()
	if l.closed {
		c.Close()
		return nil, net.ErrClosed
	}
	g.open++
	return &gated{Conn: c, gate: g}, nil
}

// Close closes the listener, and ends an Accept that waits for room.
func (l *gatedListener) Close() error {
	l.gate.mu.Lock()
	l.closed = true
	l.gate.changed.Broadcast()
	l.gate.mu.Unlock()
	return l.Listener.Close()
}

// gated is a connection that the gate counts.
type gated struct {
	net.Conn
	gate *Gate
	once sync.Once
}

// CloseWrite lets net/http end a response before it has read the whole request. The client then
// sees the response instead of a reset.
func (c *gated) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// Close closes the connection and makes room for another.
func (c *gated) Close() error {
	err := c.Conn.Close()
	c.once.Do(func() {
		g := c.gate
		g.mu.Lock()
		defer g.mu.Unlock()
		g.open--
		g.idle = slices.DeleteFunc(g.idle, func(other *gated) bool { return other == c })
		g.changed.Broadcast()
	})
	return err
}
