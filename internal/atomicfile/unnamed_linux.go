package atomicfile

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// openUnnamed creates a file without a name on target's file system. The file vanishes when
// the process ends, however it ends. Errors about the file contain target. openUnnamed
// returns nil if the file system has no such files.
func openUnnamed(target string, mode fs.FileMode) *os.File {
	fd, err := unix.Open(filepath.Dir(target), unix.O_TMPFILE|unix.O_WRONLY|unix.O_CLOEXEC, uint32(mode))
	if err != nil {
		return nil
	}
	f := os.NewFile(uintptr(fd), target)
	if _, err := os.Stat(descriptorPath(f)); err != nil {
		f.Close() // without /proc it cannot get a name later
		return nil
	}
	return f
}

// linkFile gives an unnamed file a name, which must be free.
func linkFile(f *os.File, name string) error {
	err := unix.Linkat(unix.AT_FDCWD, descriptorPath(f), unix.AT_FDCWD, name, unix.AT_SYMLINK_FOLLOW)
	if err != nil {
		return &os.LinkError{Op: "link", Old: f.Name(), New: name, Err: err}
	}
	return nil
}

func descriptorPath(f *os.File) string { return fmt.Sprintf("/proc/self/fd/%d", f.Fd()) }

// SyncDir syncs a folder's list of names to the disk, if that is possible.
func SyncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		d.Sync()
		d.Close()
	}
}
