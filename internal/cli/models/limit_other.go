//go:build !unix

package models

// ignoreFileLimit does nothing: there is no such signal here.
func ignoreFileLimit() {}
