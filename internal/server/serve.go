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
	"alpaca/internal/server/guard"
	"alpaca/internal/server/listen"
	"alpaca/internal/server/repeat"
)

// maxHeader bounds the size of a request's headers together, in bytes.
const maxHeader = 32 << 10

// Serve answers requests until ctx is cancelled. Then it refuses new requests and finishes those in
// progress. After DrainTimeout, it ends the remaining requests with an error. Serve returns nil
// after that.
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
	// The caller may close the engine and the model as soon
	// as Serve returns. So Serve waits until no handler runs.
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

// malformed returns the response to a request that net/http cannot parse. status and reason
// come from net/http.
func (s *Server) malformed(status int, reason string) (kind string, body []byte) {
	e := &openai.Error{Status: status, Type: openai.TypeInvalid, Code: "malformed_request", Message: "malformed HTTP request"}
	_, detail, _ := strings.Cut(reason, ": ")
	switch {
	case status == http.StatusRequestHeaderFieldsTooLarge:
		e.Code, e.Message = "headers_too_large", fmt.Sprintf("the request's headers have more than %d bytes", maxHeader)
	case status == http.StatusExpectationFailed:
		e.Code, e.Message = "expectation_failed", "the server cannot do what the header Expect asks for: leave the header out"
	case status == http.StatusNotImplemented:
		e.Type, e.Code, e.Message = openai.TypeUnsupported, "not_supported", "the request's Transfer-Encoding is not supported: send the body unencoded, or in chunks"
	case detail != "":
		e.Message += ": " + detail
	}
	s.opt.Log("%d: %s", status, guard.Clip(e.Message))
	body, err := encode(e)
	if err != nil {
		panic(err) // cannot happen: an Error can always be encoded
	}
	return jsonType, append(body, '\n')
}

// drain ends the server: it waits for requests in progress, up to DrainTimeout.
func (s *Server) drain(srv *http.Server) {
	s.draining.Store(true)
	if n := s.busy(); n > 0 || s.opt.DrainDelay > 0 {
		s.opt.Log("waiting for %d requests to be answered, at most %v", n, s.opt.DrainDelay+s.opt.DrainTimeout)
	}
	time.Sleep(s.opt.DrainDelay)
	s.refusing.Store(true)
	srv.SetKeepAlivesEnabled(false)
	// The engine's Drain would not be enough: a request with many prompts may not have
	// submitted all of them.
	for end := time.Now().Add(s.opt.DrainTimeout); s.engine.Stats().Busy > 0 || s.answering(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			s.opt.Log("answers are cut: they took longer than %v", s.opt.DrainTimeout)
			break
		}
	}
	s.end()
	// Clients still get what has been written for them, and the errors of requests that were cut.
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	srv.Shutdown(last)
}

// answering reports whether requests are in progress.
func (s *Server) answering() bool {
	return s.busy() > 0 || s.delegated.Load() > 0
}

// writerFunc makes a log function an io.Writer.
type writerFunc func(format string, args ...any)

func (f writerFunc) Write(b []byte) (int, error) {
	f("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}

// Do answers a request that does not come over HTTP, with the handler of its path. The answer is
// never streamed. status is the HTTP status; answer is JSON on one line, without a newline.
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

// record is a ResponseWriter that stores the response.
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
