//go:build !unix

package store

import "io/fs"

// inode returns 0: inode numbers are not used on this system.
func inode(fs.FileInfo) uint64 { return 0 }
