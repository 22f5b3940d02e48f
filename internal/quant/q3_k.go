package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q3_K: 256 weights of 3 bits in 16 runs of 16, each with a scale of 6 bits:
// w[i] = (D * (sc[i/16] - 32)) * (q[i] - 4). 3.4375 bits a weight.
//
//	offset  size
//	     0    32  HMask[l]: bit b is the highest bit of q[32b+l], 0 ≤ b < 8
//	    32    64  Qs[32h+l]: bits 2g and 2g+1 are q[128h+32g+l]&3, 0 ≤ h < 2, 0 ≤ g < 4, 0 ≤ l < 32
//	    96     8  ScalesL[s] = sc[s]&15 | (sc[s+8]&15)<<4, 0 ≤ s < 8
//	   104     4  ScalesH[k]: bits 2g and 2g+1 are sc[4g+k]>>4, 0 ≤ g < 4
//	   108     2  D, float16
func unpackQ3_K(block []byte, s *SuperBlock) {
	block = block[:110]
	s.D = codec.F16At(block[108:])
	low, high := block[96:104], block[104:108]
	for j := range s.Sc {
		scale := low[j%8]>>(4*(j/8))&15 | high[j%4]>>(2*(j/4))&3<<4
		s.Sc[j] = int16(scale) - 32
	}
	unpack2(block[32:96], &s.Q)
	for l, mask := range block[:32] {
		for b := range 8 {
			s.Q[32*b+l] += int8(mask>>b&1<<2) - 4
		}
	}
}

func encodeQ3_K(dst []byte, x, importance []float32) {
	var s fit.Search
	var sc [16]uint8
	var scale, none [16]float32
	for ; len(x) > 0; x, dst = x[256:], dst[110:] {
		x, block := x[:256], dst[:110]
		var d float32
		if importance != nil {
			fit.Weigh(s.W[:], x, importance[:256], 2*fit.SumSquares(x)/256)
			importance = importance[256:]
			s.SignedScales(x, 16, fit.ByImportance, 4)
			d = fit.SearchSigned(32, s.Scale[:], s.SumWeights(16), sc[:])
		} else {
			s.RefinedScales(x)
			d = spreadSigned(s.Scale[:], -32, 31, &sc)
		}
		codec.PutF16(block[108:], d)
		d = codec.F16At(block[108:])
		clear(block[96:108])
		for j, v := range sc {
			block[96+j%8] |= v & 15 << (4 * (j / 8))
			block[104+j%4] |= v >> 4 << (2 * (j / 4))
			scale[j] = d * (float32(v) - 32)
		}
		s.Requantize(x, 16, &scale, &none, -4, 3)
		clear(block[:32])
		for i, q := range s.Q {
			block[i%32] |= q >> 2 & 1 << (i / 32)
		}
		pack2(block[32:96], &s.Q)
	}
}

// spreadSigned quantizes v to integers between least and top, and returns the scale. The element
// of largest magnitude becomes least, which must be negative. q holds the integers minus least.
func spreadSigned(v []float32, least, top int32, q *[16]uint8) (scale float32) {
	largest := fit.FirstLargest(v)
	if largest == 0 {
		clear(q[:])
		return 0
	}
	inv := float32(least) / largest
	for j, v := range v {
		q[j] = uint8(max(least, min(top, fit.Nearest(inv*v))) - least)
	}
	return 1 / inv
}
