package quant

import (
	"math"

	"alpaca/internal/quant/fit"
)

// NVFP4: 64 weights of 4 bits in four runs of 16, w[j] = E4M3(D[j/16])/2
// * mxfp4Values[q[j]]. 4.5 bits a weight. Models that were trained in
// NVFP4 also have a factor for each matrix, in a separate tensor.
//
//	offset  size
//	     0     4  D, unsigned numbers with 4 bits of exponent and 3 bits of mantissa
//	     4    32  for each run, 8 bytes: Qs[j] = q[j] | q[j+8]<<4, 0 ≤ j < 8
//
// NVFP4 has been type 40 of GGML since 2026.
func unpackNVFP4(block []byte, part int, q *[32]int8) (d [2]float32) {
	for r := range d {
		for j, b := range block[4+16*part+8*r:][:8] {
			q[16*r+j] = mxfp4Values[b&15]
			q[16*r+8+j] = mxfp4Values[b>>4]
		}
		d[r] = halfE4M3(block[2*part+r])
	}
	return d
}

// halfE4M3 returns half of an unsigned number with 4 bits of exponent and 3
// bits of mantissa. It ignores the highest bit, and returns 0 for NaN.
func halfE4M3(x byte) float32 {
	exponent, mantissa := x>>3&15, float32(x&7)
	switch {
	case x == 0x7f:
		return 0
	case exponent == 0:
		return mantissa * 0x1p-10
	}
	return (8 + mantissa) * math.Float32frombits((uint32(exponent)+127-11)<<23)
}

func encodeNVFP4(dst []byte, x, _ []float32) {
	for ; len(x) > 0; x, dst = x[64:], dst[36:] {
		for r := range 4 {
			run := x[16*r : 16*r+16]
			dst[r] = e4m3(fit.Abs(fit.FirstLargest(run)) / 6)
			d := halfE4M3(dst[r])
			for j := range 8 {
				dst[4+8*r+j] = mxfp4Code(run[j], d) | mxfp4Code(run[j+8], d)<<4
			}
		}
	}
}

// e4m3 returns the number nearest to f among those with 4 bits of exponent and 3 bits of mantissa.
// Ties go to the greater number. A value that rounds to 256 or more becomes 448, as in llama.cpp.
func e4m3(f float32) byte {
	const most = 0x7e
	if !(f > 0) {
		return 0
	}
	if f < 0x1p-6 {
		return byte(min(int32(float32(f*512)+0.5), 7))
	}
	// Rounding may carry into the exponent.
	code := (math.Float32bits(f)+1<<19)>>20 - (127-7)<<3
	if code >= 15<<3 {
		return most
	}
	return byte(code)
}
