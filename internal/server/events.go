package server

import (
	"net/http"
	"time"

	"alpaca/internal/openai"
)

// events is a response that goes on: server-sent events, each a line of data. There are
// never ids or retry lines, on which OpenAI's client stumbles at the next comment.
type events struct {
	s       *Server
	w       http.ResponseWriter
	control *http.ResponseController
	kind    string // of the content
	begun   bool
	last    time.Time // something was sent
	err     error     // the reader is gone
}

func (s *Server) newEvents(w http.ResponseWriter) *events {
	return &events{s: s, w: w, control: http.NewResponseController(w), kind: "text/event-stream"}
}

// begin sends the headers.
func (e *events) begin() {
	if e.begun {
		return
	}
	e.begun = true
	h := e.w.Header()
	h.Set("Content-Type", e.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would keep them
	e.w.WriteHeader(http.StatusOK)
}

// send sends an event.
func (e *events) send(v any) {
	b, err := encode(v)
	if err != nil {
		e.err = err
		return
	}
	e.write("data: " + string(b) + "\n\n")
}

// line sends JSON on a line of its own.
func (e *events) line(v any) {
	b, err := encode(v)
	if err != nil {
		e.err = err
		return
	}
	e.write(string(b) + "\n")
}

// named sends an event with a name, without which Anthropic's client skips it.
func (e *events) named(name string, v any) {
	b, err := encode(v)
	if err != nil {
		e.err = err
		return
	}
	e.write("event: " + name + "\ndata: " + string(b) + "\n\n")
}

// done says that the answer is complete.
func (e *events) done() { e.write("data: [DONE]\n\n") }

// comment keeps the connection from being taken for dead.
func (e *events) comment() { e.write(":\n\n") }

// fail ends the stream with an error. A stream that is merely cut looks like a complete
// answer to most clients.
func (e *events) fail(err error) {
	e.send(struct {
		*openai.Error
	}{e.s.asError(e.w, err)})
}

func (e *events) write(text string) {
	e.begin()
	if e.err != nil {
		return
	}
	e.s.extend(e.w)
	if _, e.err = e.w.Write([]byte(text)); e.err == nil {
		e.err = e.control.Flush()
	}
	e.last = time.Now()
}
