package server

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// IsLocal reports whether only programs on this machine reach a host, or the socket file
// that it is.
func IsLocal(host string) bool {
	if isSocket(host) || host == "localhost" {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// isSocket reports whether a host is the path of a Unix socket.
func isSocket(host string) bool { return strings.HasSuffix(host, ".sock") }

// Listeners are the addresses that a server is asked at.
type Listeners []net.Listener

// Listen listens at hosts: names, addresses, or socket files. "localhost" is both
// 127.0.0.1 and ::1, where there is one. Port 0 is any that is free, the same for all.
func Listen(hosts []string, port int) (l Listeners, err error) {
	defer func() {
		if err != nil {
			l.Close()
			l = nil
		}
	}()
	for _, host := range hosts {
		if isSocket(host) {
			err = l.socket(host)
		} else if host == "localhost" {
			if port, err = l.tcp("127.0.0.1", port); err == nil {
				l.tcp("::1", port) // a machine without IPv6 can do without
			}
		} else {
			port, err = l.tcp(strings.Trim(host, "[]"), port)
		}
		if err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *Listeners) tcp(host string, port int) (int, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return port, err
	}
	*l = append(*l, ln)
	return ln.Addr().(*net.TCPAddr).Port, nil
}

// socket listens at a socket file, for its owner alone. One that nobody listens at any
// more is replaced.
func (l *Listeners) socket(path string) error {
	if st, err := os.Lstat(path); err == nil {
		if st.Mode()&os.ModeSocket == 0 {
			return fmt.Errorf("%s: there is a file already", path)
		}
		if c, err := net.Dial("unix", path); err == nil {
			c.Close()
			return fmt.Errorf("%s: another program listens there", path)
		}
		os.Remove(path)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	*l = append(*l, ln)
	return os.Chmod(path, 0o600)
}

// URLs returns where the server is asked.
func (l Listeners) URLs() (list []string) {
	for _, ln := range l {
		if ln.Addr().Network() == "unix" {
			list = append(list, "unix:"+ln.Addr().String())
		} else {
			list = append(list, "http://"+ln.Addr().String())
		}
	}
	return list
}

// Close closes all.
func (l Listeners) Close() {
	for _, ln := range l {
		ln.Close()
	}
}

// Serve answers requests until ctx is cancelled. Then requests are refused, those that are
// being answered come to their end, or after the DrainTimeout to an error, and Serve
// returns nil.
func (s *Server) Serve(ctx context.Context, l Listeners) error {
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
