//go:build !linux && !darwin && !freebsd && !windows

package fetch

import "io/fs"

// FreeSpace returns the bytes that may be written to a folder's file system, if known.
func FreeSpace(string) (n int64, known bool) { return 0, false }

// allocated returns 0: how many bytes a file takes on the disk is not known here.
func allocated(fs.FileInfo) int64 { return 0 }
