package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q5_0: 32 weights of 5 bits, w[j] = D * (q[j] - 16). 5.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     4  Qh: bit j is the highest bit of q[j], 0 ≤ j < 32
//	     6    16  Qs[j] = q[j]&15 | q[j+16]<<4, 0 ≤ j < 16
func unpackQ5_0(block []byte, q *[32]int8) (d, m float32) {
	block = block[:22]
	unpack5(block[2:], q)
	for j := range q {
		q[j] -= 16
	}
	return codec.F16At(block), 0
}

// unpack5 unpacks 32 numbers of 5 bits: their highest bits (4 bytes), then their
// nibbles (16 bytes).
func unpack5(b []byte, q *[32]int8) {
	b = b[:20]
	high := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
	for j, b := range b[4:] {
		q[j] = int8(b&15) | int8(high>>j<<4&16)
		q[j+16] = int8(b>>4) | int8(high>>(j+12)&16)
	}
}

func encodeQ5_0(dst []byte, x, importance []float32) {
	fit.EncodeSigned(dst, x, importance, 16, func(block []byte, d float32, q *[32]uint8) {
		codec.PutF16(block, d)
		pack5(block[2:22], q)
	})
}

// pack5 is the inverse of unpack5.
func pack5(dst []byte, q *[32]uint8) {
	var high uint32
	for j, v := range q {
		high |= uint32(v>>4&1) << j
		q[j] = v & 15
	}
	dst[0], dst[1], dst[2], dst[3] = byte(high), byte(high>>8), byte(high>>16), byte(high>>24)
	packNibbles(dst[4:20], q)
}
