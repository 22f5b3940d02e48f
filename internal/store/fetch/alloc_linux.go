package fetch

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// allocate sets the length of a file to size bytes. If the file system can,
// allocate also reserves the space, so that a full disk is noticed now and
// not later. On tmpfs, a file system in memory, it reserves nothing, because
// clearing the pages would take a third of the time of a fast download.
func allocate(f *os.File, size int64) error {
	var fs unix.Statfs_t
	if unix.Fstatfs(int(f.Fd()), &fs) == nil && fs.Type == unix.TMPFS_MAGIC {
		return f.Truncate(size)
	}
	err := unix.Fallocate(int(f.Fd()), 0, 0, size)
	if size == 0 || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EINTR) {
		return f.Truncate(size)
	}
	if err != nil {
		return &os.PathError{Op: "allocate", Path: f.Name(), Err: err}
	}
	return nil
}
