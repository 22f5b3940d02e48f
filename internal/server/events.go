package server

import (
	"net/http"
	"time"

	"alpaca/internal/openai"
)

// events is a streamed response: server-sent events, each a line of data. It never sends ids or
// retry lines, because OpenAI's client fails at the next comment after one.
type events struct {
	s       *Server
	w       http.ResponseWriter
	control *http.ResponseController
	kind    string // Content-Type
	begun   bool
	last    time.Time // when something was last sent
	err     error     // why nothing more can be sent, usually because the client has gone
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
	h.Set("X-Accel-Buffering", "no") // else nginx buffers events
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

// named sends an event with a name. Anthropic's client ignores events without a name.
func (e *events) named(name string, v any) {
	b, err := encode(v)
	if err != nil {
		e.err = err
		return
	}
	e.write("event: " + name + "\ndata: " + string(b) + "\n\n")
}

// done sends the mark that ends a stream of OpenAI's API.
func (e *events) done() { e.write("data: [DONE]\n\n") }

// comment sends a comment, so that the connection does not look dead.
func (e *events) comment() { e.write(":\n\n") }

// fail ends the stream with an error event. Without it most clients would take the answer for
// complete.
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
