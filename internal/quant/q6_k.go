package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q6_K: 256 weights of 6 bits in 16 runs of 16, each with a scale of 8 bits:
// w[i] = (D * sc[i/16]) * (q[i] - 32). 6.5625 bits a weight.
//
//	offset  size
//	     0   128  Ql[64h+l] = q[128h+l]&15 | q[128h+l+64]<<4, 0 ≤ h < 2, 0 ≤ l < 64
//	   128    64  Qh[32h+l]: bits 2g and 2g+1 are q[128h+32g+l]>>4, 0 ≤ g < 4, 0 ≤ l < 32
//	   192    16  Scales[s] = sc[s], signed
//	   208     2  D, float16
func unpackQ6_K(block []byte, s *SuperBlock) {
	block = block[:210]
	s.D = codec.F16At(block[208:])
	for j, b := range block[192:208] {
		s.Sc[j] = int16(int8(b))
	}
	for h := range 2 {
		q := s.Q[128*h : 128*h+128]
		low := block[64*h : 64*h+64]
		for l, high := range block[128+32*h : 160+32*h] {
			q[l] = int8(low[l]&15|high&3<<4) - 32
			q[l+32] = int8(low[l+32]&15|high>>2&3<<4) - 32
			q[l+64] = int8(low[l]>>4|high>>4&3<<4) - 32
			q[l+96] = int8(low[l+32]>>4|high>>6<<4) - 32
		}
	}
}

func encodeQ6_K(dst []byte, x, importance []float32) {
	var s fit.Search
	var scale, none [16]float32
	for ; len(x) > 0; x, dst = x[256:], dst[210:] {
		x, block := x[:256], dst[:210]
		if importance != nil {
			copy(s.W[:], importance[:256])
			importance = importance[256:]
			s.SignedScales(x, 16, fit.ByImportance, 32)
		} else {
			s.SignedScales(x, 16, fit.BySquare, 32)
		}
		if fit.Abs(fit.FirstLargest(s.Scale[:])) < fit.TinyGroup {
			clear(block)
			continue
		}
		var sc [16]uint8
		codec.PutF16(block[208:], spreadSigned(s.Scale[:], -128, 127, &sc))
		d := codec.F16At(block[208:])
		for j, v := range sc {
			block[192+j] = v + 128 // two's complement of v - 128
			scale[j] = d * (float32(v) - 128)
		}
		s.Requantize(x, 16, &scale, &none, -32, 31)
		for h := range 2 {
			q := s.Q[128*h : 128*h+128]
			for l := range 64 {
				block[64*h+l] = q[l]&15 | q[l+64]<<4
			}
			for l := range 32 {
				block[128+32*h+l] = q[l]>>4 | q[l+32]>>4<<2 | q[l+64]>>4<<4 | q[l+96]>>4<<6
			}
		}
	}
}
