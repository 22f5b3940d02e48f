//go:build unix && !linux

package mmap

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps size bytes of f read-only. The mapping outlives f. It is shared
// rather than private, so that it counts as page cache and not as this
// process's memory even where a system reserves room for private pages.
//
// No advice is given about the order of access: weights are read front to
// back, which the default read-ahead serves well, and asking for the whole
// file at once would hold up the first token on a slow disk.
func mapFile(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

// unmapFile undoes mapFile.
func unmapFile(data []byte) error { return unix.Munmap(data) }
