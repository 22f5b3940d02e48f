package jobs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

// Result is a line of an output: the response to a request, or the reason why the request has no
// response.
type Result struct {
	ID       string    `json:"id"`
	CustomID string    `json:"custom_id"`
	Response *Response `json:"response"` // exactly one of Response and Error is nil
	Error    *Error    `json:"error"`
}

// Response is the server's answer, which may report an error in the request.
type Response struct {
	Status    int             `json:"status_code"` // HTTP status
	RequestID string          `json:"request_id"`
	Body      json.RawMessage `json:"body"`
}

// Error says why a request has no response.
type Error struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Failed reports whether the request has no response, or an error as response.
func (r *Result) Failed() bool { return r.Response == nil || r.Response.Status >= 400 }

// Line returns the result as one line of JSON, with a newline.
func (r *Result) Line() ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(r); err != nil {
		return nil, fmt.Errorf("jobs: the result of %s: %w", clip(r.CustomID), err)
	}
	return b.Bytes(), nil
}

// ParseResult parses and checks a line of an output, which may come from another machine. The body
// is compacted.
func ParseResult(line []byte) (*Result, error) {
	if !utf8.Valid(line) {
		return nil, errors.New("it is not in UTF-8")
	}
	r := &Result{}
	if err := json.Unmarshal(line, r); err != nil {
		return nil, fmt.Errorf("it is not a result in JSON: %w", err)
	}
	switch {
	case r.CustomID == "":
		return nil, errors.New("it is not a result: custom_id is missing")
	case (r.Response == nil) == (r.Error == nil):
		return nil, errors.New("it is not a result: either response or error must be an object, and the other null")
	case r.Response != nil && (r.Response.Status < 100 || r.Response.Status > 599 || len(r.Response.Body) == 0):
		return nil, errors.New("it is not a result: response needs an HTTP status_code and a body")
	}
	if r.Response != nil {
		body, err := compact(r.Response.Body)
		if err != nil {
			return nil, err
		}
		r.Response.Body = body
	}
	return r, nil
}

// compact removes the white space between the values of JSON.
func compact(data []byte) ([]byte, error) {
	var b bytes.Buffer
	b.Grow(len(data))
	err := json.Compact(&b, data)
	return b.Bytes(), err
}
