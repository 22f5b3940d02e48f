package quant

import (
	"alpaca/internal/quant/codebook"
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// In IQ4_NL and IQ4_XS, 4-bit codes stand for the 16 values of codebook.IQ4.
// These values are denser around zero, where most weights are.

// IQ4_NL: 32 weights of 4 bits, w[j] = D * codebook.IQ4[q[j]]. 4.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackIQ4_NL(block []byte, q *[32]int8) (d, m float32) {
	block = block[:18]
	for j, b := range block[2:] {
		q[j] = codebook.IQ4[b&15]
		q[j+16] = codebook.IQ4[b>>4]
	}
	return codec.F16At(block), 0
}

// IQ4_XS: 256 weights of 4 bits in 8 runs of 32, each with a 6-bit scale:
// w[i] = (D * (s[i/32] - 32)) * codebook.IQ4[q[i]]. 4.25 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  ScalesH, little-endian: bits 2b and 2b+1 are the high bits of s[b], 0 ≤ b < 8
//	     4     4  ScalesL[b/2] = s[b]&15 | (s[b+1]&15)<<4, b even
//	     8   128  Qs[16b+j] = q[32b+j] | q[32b+j+16]<<4, 0 ≤ j < 16
func unpackIQ4_XS(block []byte, s *SuperBlock) {
	block = block[:136]
	s.D = codec.F16At(block)
	high := uint16(block[2]) | uint16(block[3])<<8
	for b := range 8 {
		scale := block[4+b/2]>>(4*(b&1))&15 | byte(high>>(2*b)&3)<<4
		s.Sc[2*b] = int16(scale) - 32
		s.Sc[2*b+1] = int16(scale) - 32
		q := s.Q[32*b : 32*b+32]
		for j, c := range block[8+16*b : 24+16*b] {
			q[j] = codebook.IQ4[c&15]
			q[j+16] = codebook.IQ4[c>>4]
		}
	}
}

func encodeIQ4_NL(dst []byte, x, importance []float32) {
	var s fit.IQ4
	var w [256]float32
	var scale [8]float32
	var q [32]uint8
	for len(x) > 0 {
		runs := min(8, len(x)/32)
		for b := range runs {
			importance = fit.WeighIQ4(w[32*b:32*b+32], x[32*b:32*b+32], importance)
		}
		s.Scales(scale[:runs], x, w[:])
		for b := range runs {
			codec.PutF16(dst, scale[b])
			fit.CodesIQ4(&q, x[32*b:32*b+32], fit.Inverse(scale[b]))
			packNibbles(dst[2:18], &q)
			dst = dst[18:]
		}
		x = x[32*runs:]
	}
}

func encodeIQ4_XS(dst []byte, x, importance []float32) {
	var s fit.IQ4
	var w [256]float32
	var scale [8]float32
	for ; len(x) > 0; x, dst = x[256:], dst[136:] {
		x, block := x[:256], dst[:136]
		importance = fit.WeighIQ4(w[:], x, importance)
		s.Scales(scale[:], x, w[:])
		d := -fit.FirstLargest(scale[:]) / 32
		codec.PutF16(block, d)
		clear(block[2:8])
		inv := fit.Inverse(d)
		for b, scale := range scale {
			l := max(-32, min(31, fit.Nearest(inv*scale)))
			var q [32]uint8
			fit.CodesIQ4(&q, x[32*b:32*b+32], fit.Inverse(d*float32(l)))
			packNibbles(block[8+16*b:], &q)
			code := uint8(l + 32)
			block[4+b/2] |= code & 15 << (4 * (b & 1))
			block[2+b/4] |= code >> 4 << (2 * (b & 3))
		}
	}
}
