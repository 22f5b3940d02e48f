package server

import (
	"context"
	"errors"
	"log"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"

	"alpaca/internal/server/listen"
)

// Serve answers requests until ctx is cancelled. Then requests are refused, those that are
// being answered come to their end, or after the DrainTimeout to an error, and Serve
// returns nil.
func (s *Server) Serve(ctx context.Context, l listen.Listeners) error {
	srv := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          log.New(writerFunc(s.opt.Log), "", 0),
	}
	defer srv.Close()
	failed := make(chan error, len(l))
	for _, ln := range l {
		go func() { failed <- srv.Serve(netutil.LimitListener(ln, s.opt.Connections)) }()
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

// drain ends the server in good order.
func (s *Server) drain(srv *http.Server) {
	s.draining.Store(true)
	if n, _ := s.busy(); n > 0 || s.opt.DrainDelay > 0 {
		s.opt.Log("waiting for %d requests to be answered, at most %v", n, s.opt.DrainDelay+s.opt.DrainTimeout)
	}
	time.Sleep(s.opt.DrainDelay)
	s.refusing.Store(true)
	srv.SetKeepAlivesEnabled(false)
	ctx, cancel := context.WithTimeout(context.Background(), s.opt.DrainTimeout)
	defer cancel()
	if err := s.engine.Drain(ctx); err != nil {
		s.opt.Log("answers are cut: they took longer than %v", s.opt.DrainTimeout)
	}
	s.end()
	// What is written by now, and the errors of those that were cut, get to their readers.
	last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	srv.Shutdown(last)
}

// writerFunc is a log's writer.
type writerFunc func(format string, args ...any)

func (f writerFunc) Write(b []byte) (int, error) {
	f("%s", strings.TrimSpace(string(b)))
	return len(b), nil
}
