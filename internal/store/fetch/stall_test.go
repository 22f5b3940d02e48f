package fetch

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/store/web"
)

// pipes is a listener whose connections are pipes in memory, so that a test can fake the time.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.done); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func (p *pipes) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// TestStall lets a connection stall. The download must give it up after 30 seconds
// without a byte. After the usual pauses, another connection must fetch the rest.
func TestStall(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		o := &origin{data: content(3000, 1), etag: `"v1"`}
		o.odd = func(n int, w http.ResponseWriter, r *http.Request, from, to int) bool {
			switch n {
			case 1: // the second part stalls in the middle
				w.Header().Set("Content-Length", "1000")
				w.Header().Set("Content-Range", "bytes 1000-1999/3000")
				w.WriteHeader(206)
				w.Write(o.data[from : from+400])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return true
			case 2, 3:
				w.WriteHeader(503)
				return true
			}
			return false
		}
		l := &pipes{make(chan net.Conn), make(chan struct{})}
		server := &http.Server{Handler: http.HandlerFunc(o.serve)}
		go server.Serve(l)
		client := web.New(web.Options{Dial: l.dial})
		u := &url.URL{Scheme: "http", Host: "localhost", Path: "/f"}
		job := Job{Name: "f", Path: filepath.Join(dir, "f"), Size: 3000, SHA256: hashOf(o.data), Model: true,
			Locate: func(context.Context) (Source, error) { return Source{URL: u}, nil }}
		start := time.Now()
		p, err := Download(t.Context(), job, Options{Client: client, Connections: 1, Piece: 1000})
		require.NoError(t, err)
		took := time.Since(start)
		require.Equal(t, []string{"bytes=0-999", "bytes=1000-1999", "bytes=1400-1999", "bytes=1400-1999", "bytes=1400-1999", "bytes=2000-2999"}, o.asked)
		require.GreaterOrEqual(t, took, 33*time.Second, "the download must wait 30 s in silence, then pause for 1 and 2 s")
		require.Less(t, took, 40*time.Second)
		client.Close()
		server.Close()
		require.NoError(t, p.Publish())
		got, err := os.ReadFile(job.Path)
		require.NoError(t, err)
		require.True(t, bytes.Equal(o.data, got))
	})
}
