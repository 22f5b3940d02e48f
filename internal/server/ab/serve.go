package ab

import (
	"context"
	"log"
	"net/http"
	"time"

	"alpaca/internal/server/listen"
)

// Serve answers requests until ctx is cancelled.
func (s *Server) Serve(ctx context.Context, l listen.Listeners) error {
	srv := &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, MaxHeaderBytes: 32 << 10, ErrorLog: log.New(logWriter(s.opt.Log), "", 0),
	}
	failed := make(chan error, len(l))
	for _, ln := range l {
		go func() { failed <- srv.Serve(ln) }()
	}
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return srv.Shutdown(end)
}

// logWriter makes a log function an io.Writer, for net/http.
type logWriter func(format string, args ...any)

func (f logWriter) Write(p []byte) (int, error) {
	f("%s", p)
	return len(p), nil
}
