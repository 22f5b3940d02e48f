//go:build unix

package gguf

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// reserve returns an error if n bytes of memory cannot be had: where Go's own
// allocation fails, it ends the program.
func reserve(n int64) error {
	const slack = 128 << 20 // the heap grows by pieces of 64 MiB
	room, err := unix.Mmap(-1, 0, int(n)+slack, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return fmt.Errorf("its %d bytes do not fit in memory: %w", n, err)
	}
	return unix.Munmap(room)
}
