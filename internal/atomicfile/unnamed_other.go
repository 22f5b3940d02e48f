//go:build !linux

package atomicfile

import (
	"errors"
	"io/fs"
	"os"
)

// openUnnamed returns nil: this system has no unnamed files.
func openUnnamed(string, fs.FileMode) *os.File { return nil }

// linkFile is never called on this system.
func linkFile(*os.File, string) error { return errors.ErrUnsupported }

// SyncDir does nothing: there is no portable way to sync a folder.
func SyncDir(string) {}
