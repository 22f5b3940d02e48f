//go:build unix

package machine

import "golang.org/x/sys/unix"

// probe returns an error if the system refuses n bytes of address
// space. It does not touch these bytes, so they take no memory.
func probe(n int) error {
	room, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return err
	}
	return unix.Munmap(room)
}
