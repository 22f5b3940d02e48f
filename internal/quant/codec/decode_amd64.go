//go:build !purego

package codec

import "alpaca/internal/machine"

var decodeAVX2, decodeAVX512 = machine.Allowed("avx2"), machine.Allowed("avx512vnni")

//go:noescape
func decodeF16AVX512(dst *float32, src *byte, n int)

//go:noescape
func decodeF16AVX2(dst *float32, src *byte, n int)

//go:noescape
func decodeQ8_0AVX2(dst *float32, src *byte, nb int)

// DecodeF16 converts float16 to float32.
func DecodeF16(dst []float32, src []byte) {
	if n := len(dst) &^ 31; decodeAVX512 && n > 0 {
		_ = src[2*n-1]
		decodeF16AVX512(&dst[0], &src[0], n)
		dst, src = dst[n:], src[2*n:]
	}
	if n := len(dst) &^ 7; decodeAVX2 && n > 0 {
		_ = src[2*n-1]
		decodeF16AVX2(&dst[0], &src[0], n)
		dst, src = dst[n:], src[2*n:]
	}
	decodeF16Generic(dst, src)
}

// DecodeQ8_0 decodes blocks of Q8_0. If this CPU lacks the
// vector instructions, it does nothing and returns false.
func DecodeQ8_0(dst []float32, src []byte) bool {
	nb := len(dst) / 32
	if !decodeAVX2 || nb == 0 {
		return false
	}
	_ = src[34*nb-1]
	decodeQ8_0AVX2(&dst[0], &src[0], nb)
	return true
}
