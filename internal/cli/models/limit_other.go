//go:build !unix

package models

// ignoreFileLimit does nothing: this system has no signal for the size limit of files.
func ignoreFileLimit() {}
