package web

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"alpaca/internal/store/advice"
)

// maxWait is the longest wait that we grant a server.
const maxWait = 2 * time.Minute

// StatusError is an answer with an error status.
type StatusError struct {
	URL     *url.URL
	Status  int
	Code    string        // the Hub's header X-Error-Code
	Message string        // the server's message, shortened
	Wait    time.Duration // the wait that the server asks for; 0: none
	Header  http.Header
}

func (e *StatusError) Error() string {
	text := fmt.Sprintf("%s answers %d %s", Shown(e.URL), e.Status, http.StatusText(e.Status))
	if e.Message != "" {
		text += ": " + e.Message
	}
	if e.Wait > maxWait {
		text += fmt.Sprintf(": it asks to wait for %v", e.Wait)
	}
	return text
}

// temporary reports whether the same request may succeed later.
func (e *StatusError) temporary() bool {
	switch e.Status {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true
	}
	return e.Status >= 500 && e.Status != http.StatusNotImplemented && e.Status != http.StatusHTTPVersionNotSupported
}

// statusError makes an error of an answer, and closes the answer.
func statusError(resp *http.Response, u *url.URL) error {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, 4096))
	e := &StatusError{URL: u, Status: resp.StatusCode, Code: resp.Header.Get("X-Error-Code"), Header: resp.Header,
		Message: message(resp.Header, body), Wait: waitOf(resp.Header)}
	if e.Status == http.StatusTooManyRequests && e.Wait > maxWait {
		return advice.Add(e, "clients with a token may send more requests: set HF_TOKEN to a token of huggingface.co/settings/tokens")
	}
	return e
}

// message returns the server's message in one line, without control characters.
func message(h http.Header, body []byte) string {
	text := h.Get("X-Error-Message")
	if text == "" {
		var v struct {
			Error  any `json:"error"`
			Errors []struct {
				Message string `json:"message"`
			} `json:"errors"`
		}
		if json.Unmarshal(body, &v) == nil {
			if s, ok := v.Error.(string); ok {
				text = s
			} else if len(v.Errors) > 0 {
				text = v.Errors[0].Message
			}
		}
	}
	text = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text)
	if r := []rune(text); len(r) > 200 {
		text = string(r[:200]) + "…"
	}
	return strings.TrimSpace(text)
}

// waitOf returns how long a server asks to wait, or 0 if it does not ask. Retry-After has seconds
// or a date. In RateLimit, r is the number of requests left, and t the seconds until there are
// more.
func waitOf(h http.Header) time.Duration {
	if after := h.Get("Retry-After"); after != "" {
		if n, err := strconv.Atoi(after); err == nil && n >= 0 {
			return seconds(n)
		}
		if at, err := http.ParseTime(after); err == nil {
			return max(0, time.Until(at))
		}
	}
	empty, reset := false, 0
	for _, part := range strings.FieldsFunc(h.Get("RateLimit"), func(r rune) bool { return r == ';' || r == ',' || r == ' ' }) {
		if v, ok := strings.CutPrefix(part, "r="); ok {
			empty = v == "0"
		}
		if v, ok := strings.CutPrefix(part, "t="); ok {
			reset, _ = strconv.Atoi(v)
		}
	}
	if empty && reset > 0 {
		return seconds(reset)
	}
	return 0
}

// seconds returns n seconds as a duration, at most 2^31-1 of them.
func seconds(n int) time.Duration { return time.Duration(min(n, 1<<31-1)) * time.Second }
