package fmath

import "math"

// Exp32 returns e^x, within 1 ulp for x from -87.68 to 88.37. It returns 0 for smaller x and
// +Inf for larger x. Exp32(0) is exactly 1.
//
// Vector code can do the same, because the only branches
// compare x with two limits. With x = n*ln 2 + r,
//
//	e^x = 2^n * (1 + r*(1 + r*p(r)))    |r| ≤ ln(2)/2
//
// p is the polynomial of degree 4 that interpolates (e^r - 1 - r)/r² at Chebyshev's
// points. The code evaluates p with fused multiply-adds. The bits of 2^n are the bits of 1
// plus n*2^23. With n = -127 they are the bits of 0, and with n = 128 those of +Inf.
func Exp32(x float32) float32 {
	const (
		log2e = 0x1.715476p+0
		ln2hi = 0x1.62e4p-1    // 15 bits, so that n*ln2hi is exact
		ln2lo = 0x1.7f7d1cp-20 // ln 2 - ln2hi
		shift = 0x1.8p23       // adding it rounds to an integer, which is then in the low bits
		p0    = 0x1p-1         // 1/2!
		p1    = 0x1.5554dcp-3  // about 1/3!
		p2    = 0x1.555518p-5  // about 1/4!
		p3    = 0x1.120c62p-7  // about 1/5!
		p4    = 0x1.6d11fep-10 // about 1/6!
		least = float32(-88)   // n = -127
		most  = float32(89)    // n = 128
		one   = 0x3f800000     // the bits of 1
	)
	if x < least { // false for NaN, which stays NaN
		x = least
	}
	if x > most {
		x = most
	}
	z := FMA32(x, log2e, shift)
	nf := z - shift
	r := FMA32(-nf, ln2hi, x)
	r = FMA32(-nf, ln2lo, r)
	y := FMA32(p4, r, p3)
	for _, c := range [...]float32{p2, p1, p0, 1, 1} {
		y = FMA32(y, r, c)
	}
	// The low bits of z are n, because the low bits of shift are 0.
	return y * math.Float32frombits(math.Float32bits(z)<<23+one)
}
