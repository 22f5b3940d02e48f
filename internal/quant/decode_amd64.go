//go:build !purego

package quant

import "alpaca/internal/machine"

var decodeAVX2, decodeAVX512 = machine.Allowed("avx2"), machine.Allowed("avx512vnni")

//go:noescape
func decodeF16AVX512(dst *float32, src *byte, n int)

//go:noescape
func decodeF16AVX2(dst *float32, src *byte, n int)

//go:noescape
func decodeQ8_0AVX2(dst *float32, src *byte, nb int)

func decodeF16(dst []float32, src []byte) {
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

func decodeQ8_0(dst []float32, src []byte) {
	nb := len(dst) / 32
	if !decodeAVX2 || nb == 0 {
		decodeBlocks32(formats32[Q8_0], dst, src, Q8_0.BlockBytes())
		return
	}
	_ = src[34*nb-1]
	decodeQ8_0AVX2(&dst[0], &src[0], nb)
}
