//go:build unix

package lineedit

import (
	"os"
	"os/signal"
	"syscall"
)

// watchSize returns a channel that gets a signal when the window changes its size.
func watchSize() <-chan os.Signal {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGWINCH)
	return ch
}
