package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q4_K: 256 weights of 4 bits in 8 runs of 32, each with a scale and a minimum of
// 6 bits: w[i] = (D*sc[i/32])*q[i] - DMin*mn[i/32]. 4.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  DMin, float16
//	     4    12  Scales, see unpackScales6
//	    16   128  Qs[32c+l] = q[64c+l] | q[64c+l+32]<<4, 0 ≤ c < 4, 0 ≤ l < 32
func unpackQ4_K(block []byte, s *SuperBlock) {
	block = block[:144]
	s.D, s.DMin = codec.F16At(block), codec.F16At(block[2:])
	unpackScales6(block[4:16], s)
	for c := range 4 {
		q := s.Q[64*c : 64*c+64]
		for l, b := range block[16+32*c : 48+32*c] {
			q[l] = int8(b & 15)
			q[l+32] = int8(b >> 4)
		}
	}
}

// unpackScales6 unpacks the 8 scales and 8 minima, of 6 bits each, of Q4_K and
// Q5_K from 12 bytes:
//
//	offset  size
//	     0     4  sc[j] | sc[j+4]>>4<<6, 0 ≤ j < 4
//	     4     4  mn[j] | mn[j+4]>>4<<6
//	     8     4  sc[j+4]&15 | mn[j+4]<<4
func unpackScales6(b []byte, s *SuperBlock) {
	for j := range 8 {
		sc, mn := scale6(b[:12], j)
		s.Sc[2*j], s.Sc[2*j+1] = int16(sc), int16(sc)
		s.Mn[2*j], s.Mn[2*j+1] = int16(mn), int16(mn)
	}
}

// scale6 returns number j of the 8 scales and of the 8 minima that unpackScales6 describes.
func scale6(b []byte, j int) (sc, mn byte) {
	if j < 4 {
		return b[j] & 63, b[j+4] & 63
	}
	return b[j+4]&15 | b[j-4]>>6<<4, b[j+4]>>4 | b[j]>>6<<4
}

func encodeQ4_K(dst []byte, x, importance []float32) {
	var s fit.Search
	for ; len(x) > 0; x, dst = x[256:], dst[144:] {
		x, block := x[:256], dst[:144]
		search := fit.MinSearch{Top: 15, First: -1, Step: 0.1, Trials: 21}
		importance = encodeScales6(&s, block[:16], x, importance, &search)
		for c := range 4 {
			q := s.Q[64*c : 64*c+64]
			for l := range 32 {
				block[16+32*c+l] = q[l] | q[l+32]<<4
			}
		}
	}
}

// encodeScales6 finds the scales and minima of 8 runs. It writes D, DMin
// and Scales of a Q4_K or Q5_K block, and leaves the integers in s.Q. It
// returns the importance of the columns that follow the block.
func encodeScales6(s *fit.Search, dst []byte, x, importance []float32, p *fit.MinSearch) []float32 {
	var sc, mn [16]uint8
	var d, dmin float32
	if importance != nil {
		fit.Weigh(s.W[:], x, importance[:256], 2*fit.SumSquares(x)/256)
		importance = importance[256:]
		s.ScaleMins(x, 32, fit.ByImportance, &fit.MinSearch{Top: p.Top, First: -0.9, Step: 0.05, Trials: 37})
		d = s.FitPositive(s.Scale[:8], 63, &sc)
		dmin = s.FitPositive(s.Min[:8], 63, &mn)
	} else {
		s.ScaleMins(x, 32, fit.ByMean, p)
		d = spread(s.Scale[:8], 63, &sc)
		dmin = spread(s.Min[:8], 63, &mn)
		for j := range 8 {
			sc[j], mn[j] = min(sc[j], 63), min(mn[j], 63)
		}
	}
	codec.PutF16(dst, d)
	codec.PutF16(dst[2:], dmin)
	d, dmin = codec.F16At(dst), codec.F16At(dst[2:])
	b := dst[4:16]
	for j := range 4 {
		b[j] = sc[j] | sc[j+4]>>4<<6
		b[j+4] = mn[j] | mn[j+4]>>4<<6
		b[j+8] = sc[j+4]&15 | mn[j+4]<<4
	}
	var scale, minimum [16]float32
	for j := range 8 {
		sc, mn := scale6(b, j)
		scale[j], minimum[j] = d*float32(sc), float32(dmin*float32(mn))
	}
	s.Requantize(x, 32, &scale, &minimum, 0, p.Top)
	return importance
}
