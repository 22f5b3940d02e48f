package ui

import (
	"os"
	"sync/atomic"
)

// checkedFile writes to a file and stores the first error. Commands that write many short texts
// need not check each write, because ExitStatus reports the stored error.
type checkedFile struct {
	f   *os.File
	err atomic.Pointer[error]
}

func (c *checkedFile) Write(p []byte) (int, error) {
	n, err := c.f.Write(p)
	if err != nil {
		c.err.CompareAndSwap(nil, &err)
	}
	return n, err
}

// Fd returns the file's descriptor.
func (c *checkedFile) Fd() uintptr { return c.f.Fd() }

// outError returns the first error of a write to Out, or nil if there was none.
func (u *UI) outError() error {
	if c, ok := u.Out.(*checkedFile); ok {
		if err := c.err.Load(); err != nil {
			return *err
		}
	}
	return nil
}
