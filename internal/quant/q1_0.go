package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q1_0: 128 weights of 1 bit, w[j] = D or -D. 1.125 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    16  bit j is 1 where w[j] is D, 0 ≤ j < 128
//
// Q1_0 has been type 41 of GGML since 2026.
func unpackQ1_0(block []byte, part int, q *[32]int8) (d [2]float32) {
	for i, b := range block[2+4*part : 6+4*part] {
		for j := range 8 {
			q[8*i+j] = int8(b>>j&1)*2 - 1
		}
	}
	return [2]float32{codec.F16At(block)}
}

// encodeQ1_0 sets D to the mean magnitude of the weights.
func encodeQ1_0(dst []byte, x, _ []float32) {
	for ; len(x) > 0; x, dst = x[128:], dst[18:] {
		var sum float32
		clear(dst[2:18])
		for j, v := range x[:128] {
			sum += fit.Abs(v)
			if v >= 0 {
				dst[2+j/8] |= 1 << (j % 8)
			}
		}
		codec.PutF16(dst, sum/128)
	}
}
