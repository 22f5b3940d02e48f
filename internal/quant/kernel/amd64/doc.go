// Package amd64 has the inner loops of matrix products for x86: AVX2, AVX-VNNI and
// AVX-512 VNNI. Kernels of the integer formats are put together by the preprocessor from
// the folders parts and templates (int_amd64.go says how); those of float formats and
// a few others are written out.
package amd64
