package blackbox

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/require"
)

// saw counts a status and returns it.
func (s *soak) saw(status int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.statuses[status]++
	return status
}

// dial opens a connection that the caller closes.
func (s *soak) dial() net.Conn {
	c, err := net.Dial("tcp", s.f.addr)
	require.NoError(s.f.t, err)
	return c
}

// answer sends the request with index i until the server answers it, and
// compares the answer with the expected one. read reads a response's body.
func (s *soak) answer(i int, read func(io.Reader) ([]byte, error)) {
	a, t := s.list[i], s.f.t
	for {
		resp, err := s.f.client.Post(s.f.url+a.path, "application/json", strings.NewReader(a.body))
		require.NoError(t, err)
		text, err := read(resp.Body)
		resp.Body.Close()
		require.NoError(t, err)
		if s.saw(resp.StatusCode) == http.StatusTooManyRequests {
			require.NotEmpty(t, resp.Header.Get("Retry-After"))
			time.Sleep(30 * time.Millisecond)
			continue
		}
		require.Equal(t, http.StatusOK, resp.StatusCode, "%s %s: %s", a.path, a.body, text)
		require.Equal(t, s.want[i], steady(string(text)), "%s %s", a.path, a.body)
		return
	}
}

// readSlowly does what io.ReadAll does, but with pauses: it reads 300 bytes every 5 ms.
func readSlowly(r io.Reader) ([]byte, error) {
	var all bytes.Buffer
	for {
		if _, err := io.CopyN(&all, r, 300); err == io.EOF {
			return all.Bytes(), nil
		} else if err != nil {
			return nil, err
		}
		time.Sleep(5 * time.Millisecond)
	}
}
