//go:build !purego

package quant

// kernelTable lists each type's kernels, best first.
var kernelTable = mergeTables(floatKernels, intKernels)

func quantizeActs(a *Acts, row int, x []float32) { quantizeActsGeneric(a, row, x) }
