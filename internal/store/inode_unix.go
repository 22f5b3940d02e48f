//go:build unix

package store

import (
	"io/fs"
	"syscall"
)

// inode returns the file's inode number, or 0 if it is not known.
func inode(st fs.FileInfo) uint64 {
	if s, ok := st.Sys().(*syscall.Stat_t); ok {
		return uint64(s.Ino)
	}
	return 0
}
