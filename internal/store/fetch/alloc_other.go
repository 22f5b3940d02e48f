//go:build !linux

package fetch

import "os"

// allocate sets the length of a file to size bytes, without reserving space on the disk.
func allocate(f *os.File, size int64) error { return f.Truncate(size) }
