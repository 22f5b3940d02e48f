// Package arm64 has the inner loops of matrix products for Arm: NEON, dot products of bytes
// (SDOT), and products of matrices of bytes (I8MM). The generator internal/quant/gen writes
// nearly all of the assembly. legacy_arm64.go and kernels_arm64.go have the tables.
package arm64
