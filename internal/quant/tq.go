package quant

import (
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/fit"
)

// This file has the two ternary formats. A block has 256
// weights that are -1, 0 or 1 times a common scale.

// TQ2_0: 256 weights of 2 bits, w[i] = D * (q[i] - 1). 2.0625 bits a weight.
//
//	offset  size
//	     0    64  Qs[32h+l]: bits 2g and 2g+1 are q[128h+32g+l], 0 ≤ h < 2, 0 ≤ g < 4, 0 ≤ l < 32
//	    64     2  D, float16
func unpackTQ2_0(block []byte, s *SuperBlock) {
	block = block[:66]
	s.setTernary(codec.F16At(block[64:]))
	unpack2(block[:64], &s.Q)
	for i := range s.Q {
		s.Q[i]--
	}
}

// TQ1_0: 256 weights, each a digit q in base 3, w[i] = D * (q[i] - 1). 1.6875 bits a weight.
//
// A byte B has five digits t0 to t4. B/256 is the fraction 0.t0t1t2t3t4 in base 3, rounded up to
// a multiple of 1/256. So multiplying B by 3 carries the first digit out of the byte and leaves
// the remaining digits. Each of the last four bytes has four digits, followed by a zero.
//
//	offset  size
//	     0    32  Qs[l]: digit n is q[32n+l], 0 ≤ n < 5
//	    32    16  Qs[32+l]: digit n is q[160+16n+l], 0 ≤ n < 5
//	    48     4  Qh[l]: digit n is q[240+4n+l], 0 ≤ n < 4
//	    52     2  D, float16
func unpackTQ1_0(block []byte, s *SuperBlock) {
	block = block[:54]
	s.setTernary(codec.F16At(block[52:]))
	for _, run := range tq1Runs {
		for l := range run.len {
			b := block[run.at+l]
			for n := range run.digits {
				s.Q[run.first+n*run.len+l] = int8(uint16(b)*3>>8) - 1
				b *= 3
			}
		}
	}
}

// tq1Runs are the three parts of a TQ1_0 block: the index of a part's first byte, the number of
// its bytes, the number of digits in each byte, and the index of the part's first weight.
var tq1Runs = [3]struct{ at, len, digits, first int }{
	{0, 32, 5, 0},
	{32, 16, 5, 160},
	{48, 4, 4, 240},
}

// setTernary sets the scales of a ternary block: D, and 1 for each run.
func (s *SuperBlock) setTernary(d float32) {
	s.D = d
	for j := range s.Sc {
		s.Sc[j] = 1
	}
}

func encodeTQ2_0(dst []byte, x, _ []float32) {
	var q [256]uint8
	for ; len(x) > 0; x, dst = x[256:], dst[66:] {
		codec.PutF16(dst[64:], ternary(x[:256], &q))
		pack2(dst[:64], &q)
	}
}

func encodeTQ1_0(dst []byte, x, _ []float32) {
	var q [256]uint8
	for ; len(x) > 0; x, dst = x[256:], dst[54:] {
		codec.PutF16(dst[52:], ternary(x[:256], &q))
		for _, run := range tq1Runs {
			for l := range run.len {
				var n uint16
				for k := range 5 {
					n *= 3
					if k < run.digits {
						n += uint16(q[run.first+k*run.len+l])
					}
				}
				dst[run.at+l] = byte((n*256 + 242) / 243)
			}
		}
	}
}

// ternary quantizes x to 0, 1 or 2, which stand for -1, 0 and 1 times the scale.
func ternary(x []float32, q *[256]uint8) (scale float32) {
	scale = fit.Abs(fit.FirstLargest(x))
	inv := fit.Inverse(scale)
	for i, v := range x {
		q[i] = fit.RoundByte(v*inv) + 1
	}
	return scale
}
