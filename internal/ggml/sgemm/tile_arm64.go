//go:build !purego

package sgemm

// kernelTable lists the kernels, best first.
var kernelTable = []kernel{
	{level: "neon", rows: 16, cols: 32, tile: tileGemm(16, 32), transpose: transposeGeneric, rowMajor: true},
}
