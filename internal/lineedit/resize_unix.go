//go:build unix

package lineedit

import (
	"os"
	"os/signal"
	"syscall"
)

// watchSize tells when the window has changed its size.
func watchSize() <-chan os.Signal {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, syscall.SIGWINCH)
	return ch
}
