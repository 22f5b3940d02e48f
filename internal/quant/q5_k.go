package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q5_K: 256 weights of 5 bits in 8 runs of 32, each with a scale and a minimum of
// 6 bits: w[i] = (D*sc[i/32])*q[i] - DMin*mn[i/32]. 5.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  DMin, float16
//	     4    12  Scales, see unpackScales6
//	    16    32  Qh[l]: bit b is the highest bit of q[32b+l], 0 ≤ b < 8
//	    48   128  Qs[32c+l] = q[64c+l]&15 | q[64c+l+32]<<4, 0 ≤ c < 4, 0 ≤ l < 32
func unpackQ5_K(block []byte, s *SuperBlock) {
	block = block[:176]
	s.D, s.DMin = codec.F16At(block), codec.F16At(block[2:])
	unpackScales6(block[4:16], s)
	high := block[16:48]
	for c := range 4 {
		q := s.Q[64*c : 64*c+64]
		for l, b := range block[48+32*c : 80+32*c] {
			q[l] = int8(b&15 | high[l]>>(2*c)&1<<4)
			q[l+32] = int8(b>>4 | high[l]>>(2*c+1)&1<<4)
		}
	}
}

func encodeQ5_K(dst []byte, x, importance []float32) {
	var s fit.Search
	for ; len(x) > 0; x, dst = x[256:], dst[176:] {
		x, block := x[:256], dst[:176]
		search := fit.MinSearch{Top: 31, First: -0.5, Step: 0.1, Trials: 16}
		importance = encodeScales6(&s, block[:16], x, importance, &search)
		high := block[16:48]
		clear(high)
		for c := range 4 {
			q := s.Q[64*c : 64*c+64]
			for l := range 32 {
				block[48+32*c+l] = q[l]&15 | q[l+32]<<4
				high[l] |= q[l]>>4<<(2*c) | q[l+32]>>4<<(2*c+1)
			}
		}
	}
}
