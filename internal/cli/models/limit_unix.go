//go:build unix

package models

import (
	"os/signal"
	"syscall"
)

// ignoreFileLimit makes a write beyond the size limit of files return an error. Without it,
// Go's runtime would end the program with a trace.
func ignoreFileLimit() { signal.Ignore(syscall.SIGXFSZ) }
