package ui

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals is the state of signal handling.
type signals struct {
	mu     sync.Mutex
	handle func()          // if not nil, Ctrl-C calls it instead of cancelling the command
	clean  func()          // if not nil, called before a signal ends the process at once
	ctx    context.Context // the command's context; nil before WatchSignals
	ended  <-chan struct{} // closed when the command is cancelled; nil before WatchSignals
	status int             // the exit status of the first signal that cancelled the command; 0: none did
}

// WatchSignals returns a context that the first Ctrl-C, SIGTERM or SIGHUP cancels. The second such
// signal ends the process at once.
func (u *UI) WatchSignals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	u.signals.ctx, u.signals.ended = ctx, ctx.Done()
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	// If SIGHUP is ignored, as under nohup, the command continues without its terminal.
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(ch, syscall.SIGHUP)
	}
	// A closed stdout must not kill the process: the write fails, and the command can
	// clean up.
	ignoreClosedPipes()
	go func() {
		for s := range ch {
			u.signals.arrived(s, ctx, cancel)
		}
	}()
	return ctx, func() { signal.Stop(ch); close(ch); cancel() }
}

// arrived handles a signal. If s.handle is set, Ctrl-C only calls s.handle, for example to end the
// answer in progress. Otherwise, the first signal cancels the command, and the next one ends the
// process at once.
func (s *signals) arrived(sig os.Signal, ctx context.Context, cancel func()) {
	s.mu.Lock()
	handle, clean := s.handle, s.clean
	if sig != os.Interrupt {
		handle = nil
	}
	if handle == nil && s.status == 0 {
		s.status = ExitInterrupted
		if n, ok := sig.(syscall.Signal); ok {
			s.status = 128 + int(n)
		}
	}
	s.mu.Unlock()
	switch {
	case handle != nil:
		handle()
	case ctx.Err() == nil:
		cancel()
	default:
		if clean != nil {
			clean()
		}
		os.Exit(s.exitStatus())
	}
}

// exitStatus returns the exit status of a command that a signal ended: 128 plus the number
// of the signal, as shells have it.
func (s *signals) exitStatus() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.status == 0 {
		return ExitInterrupted
	}
	return s.status
}

// OnInterrupt makes Ctrl-C call the function handle, on another goroutine, until restore is
// called.
func (u *UI) OnInterrupt(handle func()) (restore func()) {
	return replace(&u.signals.mu, &u.signals.handle, handle)
}

// BeforeExit registers the function clean. Until restore is called, a signal that ends the process
// at once first calls clean.
func (u *UI) BeforeExit(clean func()) (restore func()) {
	return replace(&u.signals.mu, &u.signals.clean, clean)
}

// replace stores f in *to. The function that it returns restores the old value.
func replace(mu *sync.Mutex, to *func(), f func()) (restore func()) {
	mu.Lock()
	defer mu.Unlock()
	before := *to
	*to = f
	return func() {
		mu.Lock()
		defer mu.Unlock()
		*to = before
	}
}
