//go:build !purego

package quant

// kernelTable lists each type's kernels, best first.
var kernelTable = mergeTables(floatKernels, intKernels, legacyKernels)
