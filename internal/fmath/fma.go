package fmath

import "math"

// FMA32 returns x*y + z, rounded once. The result is the same on every CPU,
// and the same as that of the fused multiply-add instructions in kernels.
func FMA32(x, y, z float32) float32 {
	// The product of two float32 numbers is exact in float64. Only the
	// sum s is rounded, and err is its rounding error (Knuth's TwoSum).
	p, c := float64(x)*float64(y), float64(z)
	s := p + c
	t := s - p
	err := (p - (s - t)) + (c - t)
	// The second rounding, from float64 to float32, is right if err is 0. If err is not
	// 0, it may be wrong for two kinds of s: those halfway between two float32 numbers,
	// and those below 2^-126, where float32 numbers have fewer bits. The sign bits of
	// three integers show these conditions. They are combined into one branch that is
	// rarely taken. A branch for each condition would be hard to predict.
	bits, lost := math.Float64bits(s), math.Float64bits(err)<<1
	notHalfway, notTiny := bits&(1<<29-1)^1<<28, bits&^(1<<63)
	if (notHalfway-1|notTiny-(1023-126)<<52)&(lost|-lost)>>63 != 0 {
		return roundToOdd(s, err)
	}
	return float32(s)
}

// roundToOdd returns s + err as float32, where err is the rounding error of s. If
// err is not 0, it first rounds the exact sum to the neighboring float64 whose last
// bit is 1. With this last bit, the second rounding, to float32, is right.
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
