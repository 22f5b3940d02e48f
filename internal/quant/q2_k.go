package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// Q2_K: 256 weights of 2 bits in 16 runs of 16, each with a scale and a minimum
// of 4 bits: w[i] = (D*sc[i/16])*q[i] - DMin*mn[i/16]. 2.625 bits a weight.
//
//	offset  size
//	     0    16  Scales[s] = sc[s] | mn[s]<<4
//	    16    64  Qs[32h+l]: bits 2g and 2g+1 are q[128h+32g+l], 0 ≤ h < 2, 0 ≤ g < 4, 0 ≤ l < 32
//	    80     2  D, float16
//	    82     2  DMin, float16
func unpackQ2_K(block []byte, s *SuperBlock) {
	block = block[:84]
	s.D, s.DMin = codec.F16At(block[80:]), codec.F16At(block[82:])
	for j, b := range block[:16] {
		s.Sc[j] = int16(b & 15)
		s.Mn[j] = int16(b >> 4)
	}
	unpack2(block[16:80], &s.Q)
}

// unpack2 unpacks 256 numbers of 2 bits from 64 bytes, in the order that Q2_K,
// Q3_K and TQ2_0 share.
func unpack2(qs []byte, q *[256]int8) {
	for h := range 2 {
		half := q[128*h : 128*h+128]
		for l, b := range qs[32*h : 32*h+32] {
			half[l] = int8(b & 3)
			half[l+32] = int8(b >> 2 & 3)
			half[l+64] = int8(b >> 4 & 3)
			half[l+96] = int8(b >> 6)
		}
	}
}

func encodeQ2_K(dst []byte, x, importance []float32) {
	var s fit.Search
	var sc, mn [16]uint8
	var scale, minimum [16]float32
	for ; len(x) > 0; x, dst = x[256:], dst[84:] {
		x, block := x[:256], dst[:84]
		var d, dmin float32
		if importance != nil {
			fit.Weigh(s.W[:], x, importance[:256], fit.SumSquares(x)/256)
			importance = importance[256:]
			s.ScaleMins(x, 16, fit.ByImportance, &fit.MinSearch{Top: 3, First: -0.9, Step: 0.05, Trials: 37})
			d = s.FitPositive(s.Scale[:], 15, &sc)
			dmin = s.FitPositive(s.Min[:], 15, &mn)
		} else {
			s.ScaleMins(x, 16, fit.BySize, &fit.MinSearch{Top: 3, First: -0.5, Step: 0.1, Trials: 16, Absolute: true})
			d = spread(s.Scale[:], 15, &sc)
			dmin = spread(s.Min[:], 15, &mn)
		}
		codec.PutF16(block[80:], d)
		codec.PutF16(block[82:], dmin)
		d, dmin = codec.F16At(block[80:]), codec.F16At(block[82:])
		for j := range sc {
			block[j] = sc[j] | mn[j]<<4
			scale[j], minimum[j] = d*float32(block[j]&15), float32(dmin*float32(block[j]>>4))
		}
		s.Requantize(x, 16, &scale, &minimum, 0, 3)
		pack2(block[16:80], &s.Q)
	}
}

// spread quantizes v, whose elements are not negative, to integers q from
// 0 to top. It returns the scale. The largest element becomes top.
func spread(v []float32, top float32, q *[16]uint8) (scale float32) {
	var most float32
	for _, v := range v {
		if v > most {
			most = v
		}
	}
	if !(most > 0) {
		clear(q[:])
		return 0
	}
	for j, v := range v {
		q[j] = uint8(fit.Nearest(top / most * v))
	}
	return most / top
}

// pack2 is the inverse of unpack2.
func pack2(dst []byte, q *[256]uint8) {
	for h := range 2 {
		half := q[128*h : 128*h+128]
		for l := range 32 {
			dst[32*h+l] = half[l]&3 | half[l+32]&3<<2 | half[l+64]&3<<4 | half[l+96]<<6
		}
	}
}
