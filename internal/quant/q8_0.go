package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q8_0: 32 weights of 8 bits, w[j] = D * q[j]. 8.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    32  Qs[j] = q[j], signed, 0 ≤ j < 32
func unpackQ8_0(block []byte, q *[32]int8) (d, m float32) {
	block = block[:34]
	for j, b := range block[2:] {
		q[j] = int8(b)
	}
	return codec.F16At(block), 0
}

func encodeQ8_0(dst []byte, x, _ []float32) {
	for ; len(x) > 0; x, dst = x[32:], dst[34:] {
		d := fit.Abs(fit.FirstLargest(x[:32])) / 127
		inv := fit.Inverse(d)
		codec.PutF16(dst, d)
		for j, v := range x[:32] {
			dst[2+j] = fit.RoundByte(v * inv)
		}
	}
}
