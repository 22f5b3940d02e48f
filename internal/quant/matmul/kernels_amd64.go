//go:build !purego

package matmul

import "alpaca/internal/quant/kernel/amd64"

// kernelTable lists each type's kernels, best first.
var kernelTable = amd64.Table
