//go:build !linux

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// openUnnamed returns nil: files have names here.
func openUnnamed(string, fs.FileMode) *os.File { return nil }

// linkFile is not called.
func linkFile(*os.File, string) error { return errors.ErrUnsupported }

// SyncDir does nothing: how to make a rename last differs by system.
func SyncDir(string) {}
