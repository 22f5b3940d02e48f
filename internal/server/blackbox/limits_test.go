package blackbox

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alpaca/internal/engine"
	"alpaca/internal/server"
)

// ended returns what the server still sends. The test fails
// if the server does not close the connection after that.
func ended(t testing.TB, c net.Conn) string {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(time.Minute)))
	b, err := io.ReadAll(c)
	if ne, ok := err.(net.Error); ok {
		require.False(t, ne.Timeout(), "the server has sent %q and left the connection open", b)
	}
	return string(b)
}

// TestSlowRequests checks that a client that sends little or nothing loses its connection.
func TestSlowRequests(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *server.Options) {
		o.HeadTimeout, o.BodyTimeout, o.IdleTimeout = 100*time.Millisecond, 100*time.Millisecond, 100*time.Millisecond
	})
	const head = "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for _, tt := range []struct{ name, sent, answer string }{
		{"nothing", "", ""},
		{"half a header", "POST /v1/completions HTTP/1.1\r\nHost: loc", ""},
		{"half a body", head + "Content-Length: 1000\r\n\r\n{", "408 Request Timeout"},
		{"half a chunk", head + "Transfer-Encoding: chunked\r\n\r\n1000\r\n{", "408 Request Timeout"},
		{"half a body for a path that reads no body", "GET /health HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{", "200 OK"},
		{"nothing more", "GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "200 OK"},
	} {
		c := f.dial()
		start := time.Now()
		_, err := c.Write([]byte(tt.sent))
		require.NoError(t, err)
		require.Contains(t, ended(t, c), tt.answer, tt.name)
		require.GreaterOrEqual(t, time.Since(start), 90*time.Millisecond, tt.name)
	}
}

// TestOldClient checks that a health check gets an answer without a
// Host header in HTTP/1.0, and with an empty Host header in HTTP/1.1.
func TestOldClient(t *testing.T) {
	f := setup(t, nil)
	for _, line := range []string{"GET /health HTTP/1.0\r\n\r\n", "GET /health HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n"} {
		c := f.dial()
		io.WriteString(c, line)
		require.Contains(t, ended(t, c), " 200 OK\r\n", line)
	}
}

// TestSlowBody checks that a body may arrive slowly as long as bytes continue to arrive.
func TestSlowBody(t *testing.T) {
	f := setup(t, func(_ *engine.Options, o *server.Options) { o.BodyTimeout = time.Second })
	c := f.dial()
	body := `{"prompt": "a", "max_tokens": 1}`
	fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", len(body))
	for _, b := range []byte(body) {
		c.Write([]byte{b})
		time.Sleep(3 * time.Millisecond)
	}
	require.Contains(t, ended(t, c), "200 OK")
}

// TestLargeRequests checks the size limits of headers and of bodies, including chunked bodies.
func TestLargeRequests(t *testing.T) {
	f := setup(t, nil)
	large := `{"prompt": "` + strings.Repeat("a", 8<<20) + `"}`
	for _, path := range postPaths {
		resp, text := f.do("POST", path, large)
		require.Equal(t, 413, resp.StatusCode, path)
		require.Contains(t, text, "more than 8388608 bytes", path)
		if testing.Short() {
			break
		}
	}
	c := f.dial()
	fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s", 9<<20, large)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	require.Equal(t, 413, resp.StatusCode, "the server must refuse a large body that comes in chunks")
	c = f.dial()
	fmt.Fprintf(c, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Large: %s\r\n\r\n", strings.Repeat("a", 40<<10))
	require.Contains(t, ended(t, c), "431 Request Header Fields Too Large")
	c = f.dial()
	fmt.Fprintf(c, "GET /health HTTP/1.1\r\nHost: localhost\r\nX-Large: %s\r\nConnection: close\r\n\r\n", strings.Repeat("a", 20<<10))
	require.Contains(t, ended(t, c), "200 OK")
}

// TestMalformed checks that even a malformed HTTP request gets an
// error in JSON, and that the server then closes the connection.
func TestMalformed(t *testing.T) {
	f := setup(t, nil)
	for _, tt := range []struct {
		request, says string
		status        int
	}{
		{"nonsense\r\n\r\n", "malformed HTTP request", 400},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "malformed HTTP request", 400}, // TLS
		{"GET / HTTP/1.1\r\n\r\n", "missing required Host header", 400},
		{"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "malformed HTTP request", 400},
		{"GET / HTTP/1.1\r\nHost: localhost\r\nX y: z\r\n\r\n", "malformed HTTP request", 400},
		{"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: many\r\n\r\n", "malformed HTTP request", 400},
		{"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", "unsupported protocol version", 505},
		{"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip\r\n\r\n", "Transfer-Encoding is not supported", 501},
		{"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nExpect: wonders\r\nContent-Length: 0\r\n\r\n", "Expect", 417},
		{"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nnonsense\r\n\r\n", "malformed HTTP request", 400}, // the second request is malformed
		{"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Large: " + strings.Repeat("a", 40<<10) + "\r\n\r\n", "more than 32768 bytes", 431},
	} {
		c := f.dial()
		io.WriteString(c, tt.request)
		from := bufio.NewReader(c)
		resp, err := http.ReadResponse(from, nil)
		require.NoError(t, err, tt.request)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err, tt.request)
		if resp.StatusCode == 200 {
			resp, err = http.ReadResponse(from, nil)
			require.NoError(t, err, tt.request)
			body, err = io.ReadAll(resp.Body)
			require.NoError(t, err, tt.request)
		}
		require.Equal(t, tt.status, resp.StatusCode, tt.request)
		require.Equal(t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
		require.Equal(t, "false", resp.Header.Get("X-Should-Retry"))
		require.True(t, resp.Close, tt.request)
		o := object(t, string(body))
		require.Contains(t, at(o, "error.message"), tt.says)
		require.NotEmpty(t, at(o, "error.type"))
		require.NotEmpty(t, at(o, "error.code"))
		_, err = from.ReadByte()
		require.ErrorIs(t, err, io.EOF, tt.request)
	}
}

// TestLists checks the limits of lists, texts and nesting in a request.
func TestLists(t *testing.T) {
	f := setup(t, nil)
	repeat := func(item string, n int) string {
		return "[" + strings.TrimSuffix(strings.Repeat(item+",", n), ",") + "]"
	}
	const message = `{"role": "user", "content": "a"}`
	for _, tt := range []struct{ path, body, says string }{
		{"/v1/chat/completions", `{"messages": ` + repeat(message, 4097) + `}`, "at most 4096"},
		{"/v1/messages", `{"messages": ` + repeat(message, 4097) + `}`, "at most 4096"},
		{"/v1/responses", `{"input": ` + repeat(message, 4097) + `}`, "at most 4096"},
		{"/api/chat", `{"messages": ` + repeat(message, 4097) + `}`, "at most 4096"},
		{"/v1/chat/completions", `{"messages": [` + message + `], "tools": ` + repeat(`{"type": "function", "function": {"name": "f"}}`, 129) + `}`, "at most 128"},
		{"/v1/chat/completions", `{"messages": [` + message + `], "stop": ` + repeat(`"a"`, 17) + `}`, "at most 16"},
		{"/v1/messages", `{"messages": [` + message + `], "stop_sequences": ` + repeat(`"a"`, 17) + `}`, "at most 16"},
		{"/v1/completions", `{"prompt": "a", "stop": "` + strings.Repeat("a", 1025) + `"}`, "at most 1024"},
		{"/v1/completions", `{"prompt": ` + repeat(`"a"`, 1025) + `}`, "at most 1024"},
		{"/v1/completions", `{"prompt": "a", "x": ` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, "nested more than 64 deep"},
		{"/v1/completions", `{"prompt": ` + strings.Repeat(`{"a":`, 100000) + `1` + strings.Repeat("}", 100000) + `}`, "nested more than 64 deep"},
	} {
		resp, text := f.do("POST", tt.path, tt.body)
		require.Equal(t, 400, resp.StatusCode, "%s: %s", tt.path, text)
		require.Contains(t, text, tt.says, tt.path)
	}
}

// TestTooLong checks that a prompt that does not fit is refused, never cut, and that the error
// has the words and the code that clients look for.
func TestTooLong(t *testing.T) {
	f := setup(t, func(e *engine.Options, _ *server.Options) { e.Ctx = 64 })
	text := strings.Repeat("abc ", 40)
	for path, body := range map[string]string{
		"/v1/chat/completions": `{"messages": [{"role": "user", "content": "` + text + `"}]}`, "/v1/completions": `{"prompt": "` + text + `"}`,
		"/completion": `{"prompt": "` + text + `"}`, "/v1/responses": `{"input": "` + text + `"}`,
		"/v1/messages": `{"messages": [{"role": "user", "content": "` + text + `"}], "max_tokens": 1}`, "/api/generate": `{"prompt": "` + text + `"}`,
	} {
		resp, answer := f.do("POST", path, body)
		require.Equal(t, 400, resp.StatusCode, path)
		require.Contains(t, answer, "exceeds the available context size", path)
		require.Contains(t, answer, "exceeds the context window", path)
		if strings.HasPrefix(path, "/v1/m") || strings.HasPrefix(path, "/api") {
			continue
		}
		o := object(t, answer)
		require.Equal(t, "context_length_exceeded", at(o, "error.code"))
		require.Equal(t, 64.0, at(o, "error.n_ctx"))
		require.Greater(t, at(o, "error.n_prompt_tokens"), 64.0)
	}
	// A prompt may have one token less than the context.
	for n, status := range map[int]int{63: 200, 64: 400} {
		ids := strings.TrimSuffix(strings.Repeat("5,", n), ",")
		resp, answer := f.do("POST", "/completion", `{"prompt": [`+ids+`], "ignore_eos": true}`)
		require.Equal(t, status, resp.StatusCode, answer)
		if status == 200 {
			require.Equal(t, true, at(object(t, answer), "truncated"))
			require.Equal(t, "limit", at(object(t, answer), "stop_type"))
			require.Equal(t, 63.0, at(object(t, answer), "tokens_evaluated"))
		}
	}
}

// TestSlowReader checks that the answer to a client that does not read is cancelled.
func TestSlowReader(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *server.Options) {
		long(e, o)
		e.Parallel, o.WriteTimeout = 1, 100*time.Millisecond
	})
	c := f.dial()
	require.NoError(t, c.(*net.TCPConn).SetReadBuffer(4096))
	body := `{"prompt": "abc", "max_tokens": -1, "ignore_eos": true, "stream": true, "logprobs": 100}`
	fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	eventually(t, "the request is being answered", func() bool { return f.engine.Stats().Steps > 0 })
	eventually(t, "the answer is cancelled", func() bool { return f.engine.Stats().Busy == 0 })
	require.Equal(t, int64(1), f.engine.Stats().Cancelled)
}

// TestConnections checks the limit of connections. At the limit, a
// new connection replaces an idle connection, but never one in use.
func TestConnections(t *testing.T) {
	f := setup(t, func(e *engine.Options, o *server.Options) { long(e, o); o.Connections = 3 })
	ask := func(c net.Conn, body string) {
		fmt.Fprintf(c, "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
	answered := func(c net.Conn) int {
		c.SetReadDeadline(time.Now().Add(time.Minute))
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	var idle []net.Conn
	for range 3 {
		c := f.dial()
		ask(c, brief)
		require.Equal(t, 200, answered(c))
		idle = append(idle, c)
		time.Sleep(50 * time.Millisecond) // the server marks a connection as idle only after the answer
	}
	first := f.dial() // replaces the connection that has been idle longest
	ask(first, endless)
	require.Empty(t, ended(t, idle[0]))
	eventually(t, "the request is being answered", func() bool { return f.engine.Stats().Running == 1 })
	ask(idle[1], endless)
	ask(idle[2], endless)
	eventually(t, "all connections are in use", func() bool { return f.engine.Stats().Running == 3 })
	late := f.dial()
	ask(late, brief)
	late.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	_, err := late.Read(make([]byte, 1))
	require.Error(t, err, "a further connection must wait")
	first.Close()
	require.Equal(t, 200, answered(late))
}
