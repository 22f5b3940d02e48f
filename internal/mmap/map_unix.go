//go:build unix && !linux

package mmap

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps size bytes of f read-only. The mapping outlives f. The
// mapping is shared, because some systems reserve memory of the process
// for private pages. Shared pages count as page cache on every system.
//
// mapFile gives no advice about the order of access. Weights are read front to back, and the
// default read-ahead suits that. Asking for the whole file at once would delay the first
// token on a slow disk.
func mapFile(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

// unmapFile undoes mapFile.
func unmapFile(data []byte) error { return unix.Munmap(data) }
