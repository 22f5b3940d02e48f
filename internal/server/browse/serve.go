package browse

import (
	"context"
	"errors"
	"net/http"
	"time"

	"alpaca/internal/server/listen"
)

// Serve answers requests until ctx is cancelled. Requests in progress then have five seconds to
// finish.
func (b *Browser) Serve(ctx context.Context, l listen.Listeners) error {
	const (
		headers  = 5 * time.Second
		idle     = 2 * time.Minute
		ending   = 5 * time.Second
		maxBytes = 64 << 10 // largest size of the headers; the address may contain SQL
	)
	srv := &http.Server{Handler: b, ReadHeaderTimeout: headers, ReadTimeout: headers, IdleTimeout: idle, MaxHeaderBytes: maxBytes}
	failed := make(chan error, len(l))
	for _, ln := range l {
		go func() { failed <- srv.Serve(ln) }()
	}
	select {
	case err := <-failed:
		return errors.Join(err, srv.Close())
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), ending)
	defer cancel()
	if srv.Shutdown(last) != nil {
		return srv.Close()
	}
	return nil
}
