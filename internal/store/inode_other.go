//go:build !unix

package store

import "io/fs"

// inode returns 0: how files are numbered is not asked for here.
func inode(fs.FileInfo) uint64 { return 0 }
