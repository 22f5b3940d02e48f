package main

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals is what Ctrl-C does at the moment.
type signals struct {
	mu     sync.Mutex
	handle func() // instead of cancelling the command, unless nil
}

// watchSignals returns a context that the first Ctrl-C (or SIGTERM) cancels.
// The second ends the process at once.
func (u *ui) watchSignals(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	// Without this a closed stdout would kill the process; now the write
	// fails and the command can clean up.
	ignoreClosedPipes()
	go func() {
		for range ch {
			u.signals.mu.Lock()
			handle := u.signals.handle
			u.signals.mu.Unlock()
			switch {
			case handle != nil:
				handle()
			case ctx.Err() == nil:
				cancel()
			default:
				os.Exit(exitInterrupted)
			}
		}
	}()
	return ctx, func() { signal.Stop(ch); close(ch); cancel() }
}

// onInterrupt makes Ctrl-C call handle, on another goroutine, until restore is
// called.
func (u *ui) onInterrupt(handle func()) (restore func()) {
	u.signals.mu.Lock()
	defer u.signals.mu.Unlock()
	before := u.signals.handle
	u.signals.handle = handle
	return func() {
		u.signals.mu.Lock()
		defer u.signals.mu.Unlock()
		u.signals.handle = before
	}
}
