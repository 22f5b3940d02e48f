//go:build purego || !(amd64 || arm64)

package vec

// kernelTable is empty where the portable code does all the work.
var kernelTable []kernel
