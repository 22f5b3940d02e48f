package quant

// The two formats whose 4-bit codes stand for the 16 unequal steps of iq4Values,
// denser around zero where most weights are.

// iq4Values are the weights that the codes 0 to 15 stand for.
var iq4Values = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// IQ4_NL: 32 weights of 4 bits, w[j] = D * iq4Values[q[j]]. 4.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackIQ4_NL(block []byte, q *[32]int8) (d, m float32) {
	block = block[:18]
	for j, b := range block[2:] {
		q[j] = iq4Values[b&15]
		q[j+16] = iq4Values[b>>4]
	}
	return f16At(block), 0
}

// IQ4_XS: 256 weights of 4 bits in 8 runs of 32, each with a 6-bit scale:
// w[i] = (D * (s[i/32] - 32)) * iq4Values[q[i]]. 4.25 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  ScalesH, little-endian: bits 2b and 2b+1 are the high bits of s[b], 0 ≤ b < 8
//	     4     4  ScalesL[b/2] = s[b]&15 | (s[b+1]&15)<<4, b even
//	     8   128  Qs[16b+j] = q[32b+j] | q[32b+j+16]<<4, 0 ≤ j < 16
func unpackIQ4_XS(block []byte, s *superBlock) {
	block = block[:136]
	s.d = f16At(block)
	high := uint16(block[2]) | uint16(block[3])<<8
	for b := range 8 {
		scale := block[4+b/2]>>(4*(b&1))&15 | byte(high>>(2*b)&3)<<4
		s.sc[2*b] = int16(scale) - 32
		s.sc[2*b+1] = int16(scale) - 32
		q := s.q[32*b : 32*b+32]
		for j, c := range block[8+16*b : 24+16*b] {
			q[j] = iq4Values[c&15]
			q[j+16] = iq4Values[c>>4]
		}
	}
}

// iq4Middles lie between iq4Values: a value from middle i on, but below the
// next, is nearest to iq4Values[i+1].
var iq4Middles = [15]float32{-115.5, -93.5, -74, -57, -42, -28.5, -16, -4.5, 7, 19, 31.5, 45.5, 61, 79, 101}

// iq4Code returns the code whose value is nearest to f, the higher of two.
func iq4Code(f float32) (code uint8) {
	for _, m := range iq4Middles {
		if !(f < m) {
			code++
		}
	}
	return code
}

func encodeIQ4_NL(dst []byte, x, importance []float32) {
	var s laneSearch
	var w [256]float32
	var scale [8]float32
	var q [32]uint8
	for len(x) > 0 {
		runs := min(8, len(x)/32)
		for b := range runs {
			importance = weighIQ4(w[32*b:32*b+32], x[32*b:32*b+32], importance)
		}
		s.searchIQ4Runs(scale[:runs], x, w[:])
		for b := range runs {
			putF16(dst, scale[b])
			iq4Codes(&q, x[32*b:32*b+32], inverse(scale[b]))
			packNibbles(dst[2:18], &q)
			dst = dst[18:]
		}
		x = x[32*runs:]
	}
}

func encodeIQ4_XS(dst []byte, x, importance []float32) {
	var s laneSearch
	var w [256]float32
	var scale [8]float32
	for ; len(x) > 0; x, dst = x[256:], dst[136:] {
		x, block := x[:256], dst[:136]
		importance = weighIQ4(w[:], x, importance)
		s.searchIQ4Runs(scale[:], x, w[:])
		d := -firstLargest(scale[:]) / 32
		putF16(block, d)
		clear(block[2:8])
		inv := inverse(d)
		for b, scale := range scale {
			l := max(-32, min(31, nearest(inv*scale)))
			var q [32]uint8
			iq4Codes(&q, x[32*b:32*b+32], inverse(d*float32(l)))
			packNibbles(block[8+16*b:], &q)
			code := uint8(l + 32)
			block[4+b/2] |= code & 15 << (4 * (b & 1))
			block[2+b/4] |= code >> 4 << (2 * (b & 3))
		}
	}
}

// weighIQ4 sets the weights of the errors in a block and returns the importance
// of the columns after it.
func weighIQ4(w, x, importance []float32) []float32 {
	if importance == nil {
		for i, v := range x {
			w[i] = v * v
		}
		return nil
	}
	weigh(w, x, importance[:len(x)], sumSquares(x)*(2/float32(len(x))))
	return importance[len(x):]
}

// searchIQ4RunsGeneric finds the scales of runs of 32 weights.
func searchIQ4RunsGeneric(scale []float32, x, w []float32) {
	for b := range scale {
		scale[b] = searchIQ4(x[32*b:32*b+32], w[32*b:32*b+32])
	}
}

// iq4CodesGeneric finds the codes of the 32 weights x*inv.
func iq4CodesGeneric(q *[32]uint8, x []float32, inv float32) {
	for j, v := range x[:32] {
		q[j] = iq4Code(inv * v)
	}
}

// searchIQ4 finds the scale that minimizes the weighted error of 32 weights.
func searchIQ4(x, w []float32) (scale float32) {
	largest := firstLargest(x)
	if abs(largest) < tinyGroup {
		return 0
	}
	first := float32(iq4Values[0])
	sumXQ, sumQQ := fitIQ4(1/(-largest/first), x, w)
	if sumQQ > 0 { // else no weight matters
		scale = sumXQ / sumQQ
	}
	best := scale * sumXQ
	for trial := float32(-7); trial <= 7; trial++ {
		sumXQ, sumQQ := fitIQ4((trial+first)/largest, x, w)
		if sumQQ > 0 && float32(sumXQ*sumXQ) > float32(best*sumQQ) {
			scale = sumXQ / sumQQ
			best = scale * sumXQ
		}
	}
	return scale
}

// fitIQ4 returns Σ w·q·x and Σ w·q·q for q the value nearest to x·inv.
func fitIQ4(inv float32, x, w []float32) (sumXQ, sumQQ float32) {
	for i, v := range x {
		q := float32(iq4Values[iq4Code(inv*v)])
		wq := w[i] * q
		sumXQ += float32(wq * v)
		sumQQ += float32(wq * q)
	}
	return sumXQ, sumQQ
}
