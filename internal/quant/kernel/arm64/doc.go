// Package arm64 has the inner loops of matrix products for Arm: NEON, dot products of
// bytes (SDOT), and products of matrices of bytes (I8MM). Nearly all of its assembly is
// written by internal/quant/gen; legacy_arm64.go and kernels_arm64.go have the tables.
package arm64
