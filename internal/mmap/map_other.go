//go:build !unix && !windows

package mmap

import (
	"errors"
	"os"
)

// mapFile always returns an error on this system. Callers then read files into memory.
func mapFile(*os.File, int64) ([]byte, error) { return nil, errors.ErrUnsupported }

// unmapFile is never called, because mapFile always fails.
func unmapFile([]byte) error { return errors.ErrUnsupported }
