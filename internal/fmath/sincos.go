package fmath

import "math"

// SinCos returns the sine and the cosine of x within 2^-50, for |x| < 2^20.
func SinCos(x float64) (sin, cos float64) {
	const ( // π/2 is the sum of three parts; the first two have 33 bits each
		part1 = 0x1.921fb544p+0
		part2 = 0x1.0b4611a6p-34
		part3 = 0x1.3198a2e037073p-69
	)
	n := math.RoundToEven(x * (2 / math.Pi))
	r := ((x - float64(n*part1)) - float64(n*part2)) - float64(n*part3)
	// Taylor's series. With |r| ≤ π/4, the first omitted terms are below 2^-56.
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
