package listen

import (
	"context"
	"net"
	"net/http"
	"sync"
	"time"
)

// Meanwhile answers requests with h until stop is called. After that, another server
// can use the listeners, and gets the connections that have not been accepted yet.
func (l Listeners) Meanwhile(h http.Handler) (stop func()) {
	const patience = 5 * time.Second
	srv := &http.Server{Handler: h, ReadTimeout: patience, WriteTimeout: patience, MaxHeaderBytes: 32 << 10}
	// A client's next request may be for the server that takes over.
	srv.SetKeepAlivesEnabled(false)
	var serving sync.WaitGroup
	for _, ln := range l {
		serving.Go(func() { srv.Serve(lent{ln}) })
	}
	until := func(t time.Time) {
		for _, ln := range l {
			if d, ok := ln.(interface{ SetDeadline(time.Time) error }); ok {
				d.SetDeadline(t)
			}
		}
	}
	return sync.OnceFunc(func() {
		until(time.Unix(1, 0)) // ends Accept
		serving.Wait()
		until(time.Time{})
		go func() { // clients that have connected still get their answers
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			srv.Shutdown(ctx)
			srv.Close()
		}()
	})
}

// lent is a listener that its user cannot close.
type lent struct{ net.Listener }

func (l lent) Close() error { return nil }

// Accept returns net.ErrClosed in place of other errors, because http.Server would call Accept
// again after the error of a deadline.
func (l lent) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		err = net.ErrClosed
	}
	return c, err
}
