package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strings"
	"time"

	"alpaca/internal/openai"
	"alpaca/internal/server/listen"
	"alpaca/internal/server/repeat"
)

// maxHeader is how many bytes a request's headers may have, all together.
const maxHeader = 32 << 10

// Serve answers requests until ctx is cancelled. Then requests are refused, those that are
// being answered come to their end, or after the DrainTimeout to an error, and Serve
// returns nil.
func (s *Server) Serve(ctx context.Context, l listen.Listeners) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: s.opt.HeadTimeout,
		IdleTimeout:       s.opt.IdleTimeout,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          log.New(writerFunc(s.opt.Log), "", 0),
	}
	gate := listen.NewGate(s.opt.Connections)
	gate.Refusal = s.malformed
	srv.ConnState = gate.State
	// Whoever closes the engine and the model afterwards must find nobody at work with them.
	defer s.handlers.Wait()
	defer srv.Close()
	failed := make(chan error, len(l))
	for _, ln := range l {
		go func() { failed <- srv.Serve(gate.Listener(ln)) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	s.drain(srv)
	for range l {
		if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
			return err
		}
	}
	return nil
}

// malformed returns what is answered to what net/http cannot read as a request.
func (s *Server) malformed(status int, reason string) (kind string, body []byte) {
	e := &openai.Error{Status: status, Type: openai.TypeInvalid, Code: "malformed_request", Message: "malformed HTTP request"}
	_, detail, _ := strings.Cut(reason, ": ")
	switch {
	case status == http.StatusRequestHeaderFieldsTooLarge:
		e.Code, e.Message = "headers_too_large", fmt.Sprintf("the request's headers have more than %d bytes", maxHeader)
	case status == http.StatusExpectationFailed:
		e.Code, e.Message = "expectation_failed", "the header Expect asks for what this server does not do: leave it out"
	case status == http.StatusNotImplemented:
		e.Type, e.Code, e.Message = openai.TypeUnsupported, "not_supported", "the request's Transfer-Encoding is not supported: send the body as it is, or in chunks"
	case detail != "":
		e.Message += ": " + detail
	}
	s.opt.Log("%d: %s", status, clip(e.Message))
	body, err := encode(e)
	if err != nil {
		panic(err) // it has texts alone
	}
	return jsonType, append(body, '\n')
}

// drain ends the server in good order.
func (s *Server) drain(srv *http.Server) {
	s.draining.Store(true)
	if n, _ := s.busy(); n > 0 || s.opt.DrainDelay > 0 {
		s.opt.Log("waiting for %d requests to be answered, at most %v", n, s.opt.DrainDelay+s.opt.DrainTimeout)
	}
	time.Sleep(s.opt.DrainDelay)
	s.refusing.Store(true)
	srv.SetKeepAlivesEnabled(false)
	// Not the engine's Drain: a request with many prompts has yet to submit some.
	for end := time.Now().Add(s.opt.DrainTimeout); s.engine.Stats().Busy > 0 || s.answering(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.opt.Log("answers are cut: they took longer than %v", s.opt.DrainTimeout)
			break
		}
	}
	s.end()
	// What is written by now, and the errors of those that were cut, get to their readers.
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	srv.Shutdown(last)
}

// answering reports whether there are requests that are being answered.
func (s *Server) answering() bool {
	n, _ := s.busy()
	return n > 0 || s.delegated.Load() > 0
}

// writerFunc is a log's writer.
type writerFunc func(format string, args ...any)

func (f writerFunc) Write(b []byte) (int, error) {
	f("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}

// Do answers a request that does not come over HTTP, by the handler of its path. Answers
// are not streamed. The status is HTTP's; the body is JSON on one line, without a newline.
func (s *Server) Do(ctx context.Context, path string, body []byte, f repeat.By) (status int, answer []byte) {
	r := (&http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: path}, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}, "X-Request-Id": {f.ID}},
		Body:   io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body)), Host: "localhost",
	}).WithContext(repeat.With(ctx, &f))
	w := &record{header: http.Header{}}
	s.ServeHTTP(w, r)
	return w.status, bytes.TrimSuffix(w.body.Bytes(), []byte("\n"))
}

// record keeps a response.
type record struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *record) Header() http.Header { return r.header }

func (r *record) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
}

func (r *record) Write(b []byte) (int, error) {
	r.WriteHeader(http.StatusOK)
	return r.body.Write(b)
}
