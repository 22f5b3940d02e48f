// Package probe serves health checks and metrics for a process that is not a server, such as a
// worker: whether it is ready, whether it is alive, and its metrics. It serves nothing else, and
// nothing secret.
package probe

import (
	"context"
	"net/http"
	"time"

	"alpaca/internal/server/listen"
	"alpaca/internal/server/metrics"
)

// Watched is the process that a probe reports on.
type Watched interface {
	Ready() bool // accepts work
	Alive() bool // does not hang
	Write(p *metrics.Exposition)
}

// Handler answers /readyz, /livez and /metrics.
func Handler(w Watched) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /readyz", func(rw http.ResponseWriter, _ *http.Request) { say(rw, w.Ready(), "ready") })
	mux.HandleFunc("GET /livez", func(rw http.ResponseWriter, _ *http.Request) { say(rw, w.Alive(), "alive") })
	mux.HandleFunc("GET /metrics", func(rw http.ResponseWriter, _ *http.Request) {
		var p metrics.Exposition
		w.Write(&p)
		rw.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		rw.Write([]byte(p.String()))
	})
	return mux
}

// say sends status 200 if yes is true, and 503 otherwise.
func say(w http.ResponseWriter, yes bool, what string) {
	status, text := http.StatusOK, what+"\n"
	if !yes {
		status, text = http.StatusServiceUnavailable, "not "+text
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	w.Write([]byte(text))
}

// Serve answers requests at l until ctx is done.
func Serve(ctx context.Context, l listen.Listeners, w Watched) {
	srv := &http.Server{Handler: Handler(w), ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 8 << 10}
	for _, ln := range l {
		go srv.Serve(ln)
	}
	<-ctx.Done()
	srv.Close()
}
