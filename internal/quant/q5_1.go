package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q5_1: 32 weights of 5 bits, w[j] = D*q[j] + M. 6 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  M, float16
//	     4     4  Qh: bit j is the highest bit of q[j], 0 ≤ j < 32
//	     8    16  Qs[j] = q[j]&15 | q[j+16]<<4, 0 ≤ j < 16
func unpackQ5_1(block []byte, q *[32]int8) (d, m float32) {
	block = block[:24]
	unpack5(block[4:], q)
	return codec.F16At(block), codec.F16At(block[2:])
}

func encodeQ5_1(dst []byte, x, importance []float32) {
	fit.EncodeMin(dst, x, importance, 31, func(block []byte, d, m float32, q *[32]uint8) {
		codec.PutF16(block, d)
		codec.PutF16(block[2:], m)
		pack5(block[4:24], q)
	})
}
