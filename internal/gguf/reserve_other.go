//go:build !unix

package gguf

// reserve does nothing: how much memory can be had is not known here.
func reserve(int64) error { return nil }
