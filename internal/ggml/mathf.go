package ggml

import (
	"math"

	"alpaca/internal/quant"
)

// This file has the elementary functions that decide tokens. The standard
// library's differ between architectures, some of which have them in assembly;
// these are made of operations that IEEE 754 rounds in one way only. Where a
// product is not meant to be fused with a sum, it is converted before.

// Exp32 returns e^x, within 1 ulp from -87.68 to 88.37. Below it is 0, above +Inf;
// Exp32(0) is exactly 1.
//
// It has no branch that a vector cannot follow: with x = n*ln 2 + r,
//
//	e^x = 2^n * (1 + r*(1 + r*p(r)))    |r| ≤ ln(2)/2
//
// where p is the polynomial of degree 4 that interpolates (e^r - 1 - r)/r² at
// Chebyshev's points: a chain of fused multiply-adds. The bits of 2^n are n times
// 2^23 from those of 1; with n = -127 they are those of 0, with 128 of +Inf.
func Exp32(x float32) float32 {
	const (
		log2e = 0x1.715476p+0
		ln2hi = 0x1.62e4p-1    // 15 bits, so that n*ln2hi is exact
		ln2lo = 0x1.7f7d1cp-20 // ln 2 - ln2hi
		shift = 0x1.8p23       // adding it rounds to an integer, in the low bits
		p0    = 0x1p-1         // 1/2!
		p1    = 0x1.5554dcp-3  // about 1/3!
		p2    = 0x1.555518p-5  // about 1/4!
		p3    = 0x1.120c62p-7  // about 1/5!
		p4    = 0x1.6d11fep-10 // about 1/6!
		least = float32(-88)   // n = -127
		most  = float32(89)    // n = 128
		one   = 0x3f800000     // the bits of 1
	)
	if x < least { // not for NaN, which goes through
		x = least
	}
	if x > most {
		x = most
	}
	z := quant.FMA32(x, log2e, shift)
	nf := z - shift
	r := quant.FMA32(-nf, ln2hi, x)
	r = quant.FMA32(-nf, ln2lo, r)
	y := quant.FMA32(p4, r, p3)
	for _, c := range [...]float32{p2, p1, p0, 1, 1} {
		y = quant.FMA32(y, r, c)
	}
	// The low bits of z are n, and of shift only higher ones are set.
	return y * math.Float32frombits(math.Float32bits(z)<<23+one)
}

// Exp returns e^x within a few ulp, for |x| < 700.
func Exp(x float64) float64 {
	const (
		ln2hi = 0x1.62e42fefp-1 // 33 bits: n*ln2hi is exact
		ln2lo = 0x1.473de6af278edp-34
	)
	n := math.RoundToEven(x / math.Ln2)
	r := (x - float64(n*ln2hi)) - float64(n*ln2lo)
	// Taylor's series: r^14/14! < 2^-57.
	sum := 1.0
	for k := 13.0; k >= 1; k-- {
		sum = float64(sum*r)/k + 1
	}
	return math.Ldexp(sum, int(n))
}

// Log returns the natural logarithm of a positive, normal x within a few ulp.
func Log(x float64) float64 {
	m, e := math.Frexp(x) // m in [1/2, 1)
	if m < math.Sqrt2/2 {
		m, e = m*2, e-1
	}
	// log m = 2 atanh((m-1)/(m+1)), and |s| ≤ 0.172.
	s := (m - 1) / (m + 1)
	s2 := s * s
	sum := 0.0
	for k := 23.0; k >= 1; k -= 2 {
		sum = float64(sum*s2) + 1/k
	}
	return float64(float64(e)*math.Ln2) + float64(2*s*sum)
}

// Pow returns x^y for a positive, normal x, where the result is in range.
func Pow(x, y float64) float64 { return Exp(float64(y * Log(x))) }

// SinCos returns the sine and the cosine of x within 2^-50, for |x| < 2^20.
func SinCos(x float64) (sin, cos float64) {
	const ( // π/2 in three parts; the first two have 33 bits
		part1 = 0x1.921fb544p+0
		part2 = 0x1.0b4611a6p-34
		part3 = 0x1.3198a2e037073p-69
	)
	n := math.RoundToEven(x * (2 / math.Pi))
	r := ((x - float64(n*part1)) - float64(n*part2)) - float64(n*part3)
	// Taylor's series on |r| ≤ π/4: the first terms left out are below 2^-56.
	r2 := float64(r * r)
	s, c := 1.0, 1.0
	for k := 16.0; k >= 2; k -= 2 {
		s = 1 - float64(s*r2)/(k*(k+1))
		c = 1 - float64(c*r2)/(k*(k-1))
	}
	s *= r
	switch int64(n) & 3 {
	case 0:
		return s, c
	case 1:
		return c, -s
	case 2:
		return -s, -c
	}
	return -c, s
}
