//go:build unix

package ui

import (
	"errors"
	"os/signal"
	"syscall"
)

// ignoreClosedPipes makes a write to a closed pipe return an error. Without it, the write
// would kill the process.
func ignoreClosedPipes() { signal.Ignore(syscall.SIGPIPE) }

// isClosedPipe reports whether a write failed because nobody reads.
func isClosedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
