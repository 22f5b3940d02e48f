//go:build !linux

package fetch

import "os"

// allocate makes a file size bytes long, without reserving space on the disk.
func allocate(f *os.File, size int64) error { return f.Truncate(size) }
