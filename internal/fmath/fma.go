package fmath

import "math"

// FMA32 returns x*y + z, rounded once, on every CPU; kernels use the instruction,
// which gives the same.
func FMA32(x, y, z float32) float32 {
	// The product of two float32 is exact in float64. Only the sum rounds; err
	// is what it lost (Knuth's TwoSum).
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	t := s - p
	err := (p - (s - t)) + (c - t)
	// Rounding it a second time, to float32, is right unless something was lost
	// and the sum lies halfway between two float32, or below 2^-126, where
	// halfway is elsewhere. The sign bits of these three say so: one branch, which
	// is hardly ever taken, where any of them alone cannot be foretold.
	bits, lost := math.Float64bits(s), math.Float64bits(err)<<1
	notHalfway, notTiny := bits&(1<<29-1)^1<<28, bits&^(1<<63)
	if (notHalfway-1|notTiny-(1023-126)<<52)&(lost|-lost)>>63 != 0 {
		return roundToOdd(s, err)
	}
	return float32(s)
}

// roundToOdd returns s, which has lost err in rounding, as float32. Where the last bit of
// s becomes odd, it keeps the trace of what was lost, so that the second rounding is
// right.
func roundToOdd(s, err float64) float32 {
	if bits := math.Float64bits(s); err != 0 && err == err && bits&1 == 0 {
		if (err > 0) == (s > 0) {
			bits++
		} else {
			bits--
		}
		s = math.Float64frombits(bits)
	}
	return float32(s)
}
