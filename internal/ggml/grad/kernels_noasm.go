//go:build purego || !amd64

package grad

// kernelTable is empty where the portable code does all the work.
var kernelTable []kernel
