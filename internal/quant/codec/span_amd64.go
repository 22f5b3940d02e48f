//go:build !purego

package codec

import "alpaca/internal/machine"

// AVX2 says whether to encode with AVX2, in this package and in fit. Tests set it.
var AVX2 = machine.Allowed("avx2")

//go:noescape
func spanQ4_0AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ4_1AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ5_0AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ5_1AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ8_0AVX2(dst *byte, x *float32, nb int)

//go:noescape
func encodeF16AVX2(dst *byte, x *float32, n int)

// EncodeQ4_0 encodes blocks of Q4_0 by the range of their weights. If this
// CPU lacks the vector instructions, it does nothing and returns false.
func EncodeQ4_0(dst []byte, x []float32) bool { return span(spanQ4_0AVX2, dst, x) }

// EncodeQ4_1 does for Q4_1 what EncodeQ4_0 does for Q4_0.
func EncodeQ4_1(dst []byte, x []float32) bool { return span(spanQ4_1AVX2, dst, x) }

// EncodeQ5_0 does for Q5_0 what EncodeQ4_0 does for Q4_0.
func EncodeQ5_0(dst []byte, x []float32) bool { return span(spanQ5_0AVX2, dst, x) }

// EncodeQ5_1 does for Q5_1 what EncodeQ4_0 does for Q4_0.
func EncodeQ5_1(dst []byte, x []float32) bool { return span(spanQ5_1AVX2, dst, x) }

// EncodeQ8_0 does for Q8_0 what EncodeQ4_0 does for Q4_0.
func EncodeQ8_0(dst []byte, x []float32) bool { return span(spanQ8_0AVX2, dst, x) }

// span encodes all blocks of 32 with f.
func span(f func(dst *byte, x *float32, nb int), dst []byte, x []float32) bool {
	if !AVX2 || len(x) == 0 {
		return false
	}
	f(&dst[0], &x[0], len(x)/32)
	return true
}

// EncodeF16 rounds x to float16.
func EncodeF16(dst []byte, x []float32) {
	n := 0
	if AVX2 {
		n = len(x) / 8
	}
	if n > 0 {
		_ = dst[16*n-1]
		encodeF16AVX2(&dst[0], &x[0], n)
	}
	encodeF16Generic(dst[16*n:], x[8*n:])
}
