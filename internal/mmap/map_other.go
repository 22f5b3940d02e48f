//go:build !unix && !windows

package mmap

import (
	"errors"
	"os"
)

// mapFile always fails on this system: files are read into memory.
func mapFile(*os.File, int64) ([]byte, error) { return nil, errors.ErrUnsupported }

// unmapFile is never reached, since nothing is mapped.
func unmapFile([]byte) error { return errors.ErrUnsupported }
