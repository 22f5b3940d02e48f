package listen

import (
	"bytes"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Refusal returns the body, and its Content-Type, of the response to a request that net/http
// could not parse. status and reason are those of net/http's own response; reason may be empty.
type Refusal func(status int, reason string) (kind string, body []byte)

// plainHeader is what follows the status line in net/http's response to a malformed
// request. The reason comes next, as text. net/http calls no handler for such a
// request. No other response has exactly these headers, because all others have a Date.
const plainHeader = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// refused reports whether b is net/http's response to a malformed request or to
// an unknown Expect header. The response to an unknown Expect header has no body.
func refused(b []byte) (status int, reason string, ok bool) {
	line, isHTTP := bytes.CutPrefix(b, []byte("HTTP/1.1 "))
	if !isHTTP || len(line) < 3 {
		return 0, "", false
	}
	if status, _ = strconv.Atoi(string(line[:3])); status == http.StatusExpectationFailed {
		return status, "", true
	}
	before, text, ok := bytes.Cut(line, []byte(plainHeader))
	ok = ok && !bytes.Contains(before, []byte("\r\n"))
	return status, strings.TrimPrefix(string(text), strconv.Itoa(status)+" "), ok
}

// Write sends what net/http writes, but replaces net/http's
// response to a malformed request by the gate's Refusal.
func (c *gated) Write(b []byte) (int, error) {
	if c.gate.Refusal == nil || !bytes.HasPrefix(b, []byte("HTTP/1.1 ")) {
		return c.Conn.Write(b)
	}
	status, reason, ok := refused(b)
	if !ok {
		return c.Conn.Write(b)
	}
	kind, body := c.gate.Refusal(status, reason)
	var out bytes.Buffer
	fmt.Fprintf(&out, "HTTP/1.1 %d %s\r\nContent-Type: %s\r\nContent-Length: %d\r\nConnection: close\r\nX-Should-Retry: false\r\n\r\n", status, http.StatusText(status), kind, len(body))
	out.Write(body)
	if _, err := c.Conn.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(b), nil
}
