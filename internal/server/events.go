package server

import (
	"net/http"
	"time"
)

// events is a streamed response: server-sent events, each a line of data. It never sends lines with
// an id or a retry time, because after such a line OpenAI's client fails at the next comment.
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
	noteOf(e.w).stream = e
	h := e.w.Header()
	h.Set("Content-Type", e.kind)
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // else nginx buffers events
	e.w.WriteHeader(http.StatusOK)
}

// send sends an event.
func (e *events) send(v any) { e.write("data: " + encoded(v) + "\n\n") }

// line sends JSON on a line of its own.
func (e *events) line(v any) { e.write(encoded(v) + "\n") }

// named sends an event with a name. Anthropic's client ignores events without a name.
func (e *events) named(name string, v any) {
	e.write("event: " + name + "\ndata: " + encoded(v) + "\n\n")
}

// encoded returns v as JSON. It panics if JSON cannot represent v,
// for example a number that is not finite. After the panic, as after
// every other fault of the program, the stream ends with an error.
func encoded(v any) string {
	b, err := encode(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// done sends the mark that ends a stream of OpenAI's API.
func (e *events) done() { e.write("data: [DONE]\n\n") }

// comment sends a comment, so that the connection does not look dead.
func (e *events) comment() { e.write(":\n\n") }

// fail ends the stream with an error in the form of the path's API. Without it, most clients
// would believe that the answer is complete.
func (e *events) fail(err error) {
	n := noteOf(e.w)
	v := formed(e.s.asError(e.w, err), n.api, n.id)
	switch n.api {
	case anthropic:
		e.named("error", v)
	case ollama:
		e.line(v)
	default:
		e.send(v)
	}
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
