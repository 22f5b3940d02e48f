//go:build purego || !amd64

package grad

// kernelTable is empty: the portable code does all the work.
var kernelTable []kernel
