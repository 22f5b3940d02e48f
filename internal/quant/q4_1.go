package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q4_1: 32 weights of 4 bits, w[j] = D*q[j] + M. 5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  M, float16
//	     4    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackQ4_1(block []byte, q *[32]int8) (d, m float32) {
	block = block[:20]
	for j, b := range block[4:] {
		q[j] = int8(b & 15)
		q[j+16] = int8(b >> 4)
	}
	return codec.F16At(block), codec.F16At(block[2:])
}

func encodeQ4_1(dst []byte, x, importance []float32) {
	fit.EncodeMin(dst, x, importance, 15, func(block []byte, d, m float32, q *[32]uint8) {
		codec.PutF16(block, d)
		codec.PutF16(block[2:], m)
		packNibbles(block[4:20], q)
	})
}
