package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"alpaca/internal/chat"
	"alpaca/internal/engine"
	"alpaca/internal/grammar"
	"alpaca/internal/openai"
	"alpaca/internal/sampler"
	"alpaca/internal/server/guard"
)

// encode returns v as JSON on one line, without a newline.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

const jsonType = "application/json; charset=utf-8"

// send sends v as JSON.
func (s *Server) send(w http.ResponseWriter, status int, v any) error {
	b, err := encode(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", jsonType)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)+1))
	s.extend(w)
	w.WriteHeader(status)
	w.Write(append(b, '\n'))
	return nil
}

// extend sets a new deadline for the client to receive what is written next.
func (s *Server) extend(w http.ResponseWriter) {
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.opt.WriteTimeout))
}

// fail sends an error, unless the response has begun.
func (s *Server) fail(w http.ResponseWriter, err error) {
	if noteOf(w).status != 0 {
		return
	}
	e := s.asError(w, err)
	if n := noteOf(w); n.about == "" {
		n.about = ", " + guard.Clip(e.Error())
	}
	s.hints(w, e)
	s.send(w, e.Status, formed(e, noteOf(w).api, noteOf(w).id))
}

// formed returns the body of an error in the form of an API. id is the id of the request.
func formed(e *openai.Error, form api, id string) any {
	switch form {
	case anthropic:
		return anthropicError(e, id)
	case ollama:
		return ollamaError(e)
	}
	return e
}

// hints sets the headers that tell clients whether and when to retry.
func (s *Server) hints(w http.ResponseWriter, e *openai.Error) {
	if e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter))
	}
	if e.Final {
		w.Header().Set("X-Should-Retry", "false")
	}
}

// Errors that a request did not cause.
var (
	errDraining = &openai.Error{Status: http.StatusServiceUnavailable, Type: openai.TypeUnavailable, Code: "draining",
		Message: "the server is about to end", RetryAfter: 5}
	errGone = errors.New("the client has gone")
)

// asError converts an error to the form that clients get.
func (s *Server) asError(w http.ResponseWriter, err error) *openai.Error {
	var (
		known    *openai.Error
		long     *engine.PromptError
		template *chat.TemplateError
	)
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &long):
		return openai.TooLong(long.Tokens, long.Ctx)
	case errors.As(err, &template):
		return openai.Invalid("messages", "the chat template refuses them: %v", err)
	case errors.Is(err, grammar.ErrTooAmbiguous), errors.Is(err, sampler.ErrNoToken):
		return &openai.Error{Status: http.StatusBadRequest, Type: openai.TypeInvalid, Code: "form_not_possible", Message: "no answer can be given: " + err.Error()}
	case errors.Is(err, engine.ErrQueueFull):
		return &openai.Error{Status: http.StatusTooManyRequests, Type: openai.TypeRate, Code: "queue_full",
			Message: "too many requests are waiting", RetryAfter: s.retryAfter()}
	case errors.Is(err, engine.ErrClosed):
		return errDraining
	case errors.Is(err, context.DeadlineExceeded):
		return guard.ErrTimeout
	case errors.Is(err, errGone), errors.Is(err, context.Canceled):
		const closed = 499 // nginx's status, only for the log
		return &openai.Error{Status: closed, Type: openai.TypeInvalid, Code: "cancelled", Message: "the client has gone"}
	}
	s.opt.Log("%s: %v", noteOf(w).id, err)
	return s.fault(noteOf(w).id)
}

// fault returns the error for a fault of the program in the request id. The log has the details.
func (s *Server) fault(id string) *openai.Error {
	return &openai.Error{Status: http.StatusInternalServerError, Type: openai.TypeServer, Code: "internal_error",
		Message: "something went wrong in the server; its log has the details, in the lines with " + id}
}

// readBody returns the body of a request, which must be JSON. It reads to the end, because only
// then does net/http notice a client that closes the connection.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if s.refusing.Load() {
		return nil, errDraining
	}
	if err := guard.CheckType(r); err != nil {
		return nil, err
	}
	const slowest = 1 << 10 // the slowest speed that is accepted, in bytes per second
	control := http.NewResponseController(w)
	body := http.MaxBytesReader(w, r.Body, s.opt.MaxBody)
	var data bytes.Buffer
	buf, start := make([]byte, 16<<10), time.Now()
	for {
		// Even a client that sent much data early must not be silent for longer than BodyTimeout.
		now := time.Now()
		deadline := start.Add(s.opt.BodyTimeout + time.Duration(data.Len()/slowest)*time.Second)
		if silent := now.Add(s.opt.BodyTimeout); silent.Before(deadline) {
			deadline = silent
		}
		control.SetReadDeadline(deadline)
		n, err := body.Read(buf)
		data.Write(buf[:n])
		if err != nil && err != io.EOF {
			// Before net/http sends the response, it reads part of the remaining body.
			// That must not take long.
			control.SetReadDeadline(time.Now().Add(min(s.opt.BodyTimeout, time.Second)))
		}
		var large *http.MaxBytesError
		switch {
		case err == io.EOF:
			control.SetReadDeadline(time.Time{})
			return data.Bytes(), nil
		case errors.As(err, &large):
			return nil, &openai.Error{Status: http.StatusRequestEntityTooLarge, Type: openai.TypeInvalid, Code: "request_too_large",
				Message: fmt.Sprintf("the request has more than %d bytes", s.opt.MaxBody)}
		case errors.Is(err, os.ErrDeadlineExceeded):
			w.Header().Set("Connection", "close")
			return nil, &openai.Error{Status: http.StatusRequestTimeout, Type: openai.TypeInvalid, Code: "request_timeout",
				Message: "the request came too slowly"}
		case err != nil:
			return nil, openai.Invalid("", "the request was cut: %v", err)
		}
	}
}
