// Package amd64 has the inner loops of matrix products for x86: AVX2, AVX-VNNI and AVX-512 VNNI.
// The preprocessor puts the kernels of the integer formats together from the folders parts and
// templates (see int_amd64.go). The kernels of float formats and a few others are written by hand.
package amd64
