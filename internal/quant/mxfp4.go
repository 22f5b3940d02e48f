package quant

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/quant/fit"
)

// mxfp4Values are twice the values of the codes 0 to 15. The codes are floats of 4 bits: a
// sign bit, two bits of exponent and one bit of mantissa (OCP Microscaling Formats 1.0).
var mxfp4Values = [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12}

// MXFP4: 32 weights of 4 bits, w[j] = 2^(E-128) * mxfp4Values[q[j]]. 4.25 bits a weight.
//
//	offset  size
//	     0     1  E
//	     1    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackMXFP4(block []byte, q *[32]int8) (d, m float32) {
	block = block[:17]
	for j, b := range block[1:] {
		q[j] = mxfp4Values[b&15]
		q[j+16] = mxfp4Values[b>>4]
	}
	return halfPower(block[0]), 0
}

// halfPower returns 2^(e-128), which is a subnormal number for e below 2.
func halfPower(e byte) float32 {
	if e < 2 {
		return math.Float32frombits(0x00200000 << e)
	}
	return math.Float32frombits(uint32(e-1) << 23)
}

// finiteMXFP4 reports whether the scale of a block is a number, and the weights of
// the block are finite. E = 255 means NaN (OCP Microscaling Formats 1.0). If E is
// 253 or 254, the weights with the largest codes exceed the range of float32.
func finiteMXFP4(block []byte) bool {
	if block[0] < 253 {
		return true
	}
	var q [32]int8
	d, _ := unpackMXFP4(block, &q)
	for _, v := range q {
		if !finite32(math.Float32bits(float32(v) * d)) {
			return false
		}
	}
	return block[0] < 255
}

func encodeMXFP4(dst []byte, x, _ []float32) {
	for ; len(x) > 0; x, dst = x[32:], dst[17:] {
		e := mxfp4Exponent(x[:32])
		d := halfPower(e)
		dst[0] = e
		for j := range 16 {
			dst[1+j] = mxfp4Code(x[j], d) | mxfp4Code(x[j+16], d)<<4
		}
	}
}

// mxfp4Exponent returns the exponent byte for weights x. Let 2^k be the largest
// power of two that is not above the largest magnitude. The exponent byte scales
// 2^k to 4, which is the largest power of two among the codes' values.
func mxfp4Exponent(x []float32) byte {
	var largest float32
	for _, v := range x {
		largest = max(largest, fit.Abs(v))
	}
	if largest == 0 {
		return 0
	}
	// The logarithm is rounded to float32, as in llama.cpp. So a number
	// just below a power of two may get the logarithm of this power.
	fraction, exponent := math.Frexp(float64(largest))
	log := float32(float64(exponent) + float64(fmath.LogSeries(fraction)*(1/math.Ln2)))
	return byte(min(max(math.Floor(float64(log))-2+127, 0), 254))
}

// mxfp4Code returns the code whose doubled value times d is nearest to x. If several are
// equally near, it returns the first of them.
func mxfp4Code(x, d float32) (code byte) {
	best := fit.Abs(float32(float32(mxfp4Values[0])*d) - x)
	for i, v := range mxfp4Values[1:] {
		if err := fit.Abs(float32(float32(v)*d) - x); err < best {
			code, best = byte(i+1), err
		}
	}
	return code
}
