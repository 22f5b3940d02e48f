package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q2_0: 64 weights of 2 bits, w[j] = D * (q[j] - 1). 2.25 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    16  Qs[i]: bits 2g and 2g+1 are q[4i+g], 0 ≤ i < 16, 0 ≤ g < 4
//
// Q2_0 has been type 42 of GGML since 2026.
func unpackQ2_0(block []byte, part int, q *[32]int8) (d [2]float32) {
	for i, b := range block[2+8*part : 10+8*part] {
		q[4*i] = int8(b&3) - 1
		q[4*i+1] = int8(b>>2&3) - 1
		q[4*i+2] = int8(b>>4&3) - 1
		q[4*i+3] = int8(b>>6) - 1
	}
	return [2]float32{codec.F16At(block)}
}

// encodeQ2_0 scales the largest magnitude to 1 and rounds to -1, 0 or 1. Only models that are
// trained with this format use the fourth value, 2.
func encodeQ2_0(dst []byte, x, _ []float32) {
	for ; len(x) > 0; x, dst = x[64:], dst[18:] {
		scale := fit.Abs(fit.FirstLargest(x[:64]))
		inv := fit.Inverse(scale)
		codec.PutF16(dst, scale)
		for i := range 16 {
			var b byte
			for g, v := range x[4*i : 4*i+4] {
				b |= codeQ2_0(v*inv) << (2 * g)
			}
			dst[2+i] = b
		}
	}
}

// codeQ2_0 rounds f to a code, ties away from zero. A value that does not fit
// in 32 bits becomes the lowest code, as with the conversion instruction of
// x86. This happens when a scale is so small that its inverse is infinite.
func codeQ2_0(f float32) byte {
	switch f = float32(f); {
	case f >= 0x1p31 || !(f > -0.5): // NaN, too
		return 0
	case f < 0.5:
		return 1
	case f < 1.5:
		return 2
	}
	return 3
}
