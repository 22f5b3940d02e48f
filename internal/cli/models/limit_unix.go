//go:build unix

package models

import (
	"os/signal"
	"syscall"
)

// ignoreFileLimit makes a file that may not grow any more an error of the write. Go's
// runtime would end the program with a trace.
func ignoreFileLimit() { signal.Ignore(syscall.SIGXFSZ) }
