package fetch

import (
	"io/fs"

	"golang.org/x/sys/windows"
)

// FreeSpace returns the bytes that may be written to a folder's file system.
func FreeSpace(dir string) (n int64, known bool) {
	name, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, false
	}
	var free, total, all uint64
	if err := windows.GetDiskFreeSpaceEx(name, &free, &total, &all); err != nil {
		return 0, false
	}
	return int64(min(free, 1<<62)), true
}

// allocated returns the bytes that a file takes on the disk: all, because files are not sparse
// here.
func allocated(st fs.FileInfo) int64 { return st.Size() }
