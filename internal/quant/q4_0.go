package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q4_0: 32 weights of 4 bits, w[j] = D * (q[j] - 8). 4.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackQ4_0(block []byte, q *[32]int8) (d, m float32) {
	block = block[:18]
	for j, b := range block[2:] {
		q[j] = int8(b&15) - 8
		q[j+16] = int8(b>>4) - 8
	}
	return codec.F16At(block), 0
}

func encodeQ4_0(dst []byte, x, importance []float32) {
	fit.EncodeSigned(dst, x, importance, 8, func(block []byte, d float32, q *[32]uint8) {
		codec.PutF16(block, d)
		packNibbles(block[2:18], q)
	})
}

// packNibbles packs 32 numbers into 16 bytes, the first half in the low nibbles.
func packNibbles(dst []byte, q *[32]uint8) {
	dst = dst[:16]
	for j := range dst {
		dst[j] = q[j] | q[j+16]<<4
	}
}
