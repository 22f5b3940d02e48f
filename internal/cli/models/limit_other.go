//go:build !unix

package models

// ignoreFileLimit does nothing: this system has no such signal.
func ignoreFileLimit() {}
