//go:build purego || !(amd64 || arm64)

package sgemm

// kernelTable is empty: the portable code does all the work.
var kernelTable []kernel
