package quanttest

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// AtPageEnd copies s to the end of a page that is followed by an unreadable page. A kernel that
// reads past its input faults there, as it would at the end of a mapped model.
func AtPageEnd[T any](t testing.TB, s []T) []T {
	t.Helper()
	var elem T
	need := len(s) * int(unsafe.Sizeof(elem))
	page := unix.Getpagesize()
	body := max(1, (need+page-1)/page) * page
	mem, err := unix.Mmap(-1, 0, body+page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	t.Cleanup(func() { _ = unix.Munmap(mem) })
	require.NoError(t, unix.Mprotect(mem[body:], unix.PROT_NONE))
	if need == 0 {
		return nil
	}
	end := unsafe.Slice((*T)(unsafe.Pointer(&mem[body-need])), len(s))
	copy(end, s)
	return end
}
