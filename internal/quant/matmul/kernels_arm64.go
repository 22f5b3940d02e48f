//go:build !purego

package matmul

import "alpaca/internal/quant/kernel/arm64"

// kernelTable lists each type's kernels, best first.
var kernelTable = arm64.Table
