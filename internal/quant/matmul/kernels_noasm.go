//go:build purego || !(amd64 || arm64)

package matmul

import "alpaca/internal/quant/kernel"

// kernelTable is empty, because this CPU has only the portable code.
var kernelTable kernel.Table

func quantizeActs(a *Acts, row int, x []float32) { quantizeActsGeneric(a, row, x) }
