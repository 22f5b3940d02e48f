package fmath

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestFMA32 compares FMA32 with exact arithmetic. Most cases are those
// in which one rounding and two roundings differ: sums near the middle
// between two float32 numbers, subnormal numbers, and cancellation.
func TestFMA32(t *testing.T) {
	inf, nan := float32(math.Inf(1)), float32(math.NaN())
	tiny, huge := float32(math.SmallestNonzeroFloat32), float32(math.MaxFloat32)
	zero := float32(0)
	values := []float32{
		0, -zero, 1, -1, 1 + 0x1p-23, 1 - 0x1p-24, 1.5, 3, 0x1p-12, 1 + 0x1p-12, 0x1p12, -0x1p23, 0x1p24 + 2,
		tiny, -tiny, 0x1p-126, 0x1p-126 - 0x1p-149, -0x1p-126, 0x1p-75, 0x1p-74, 0x1.fffffep-75, 0x1.8p-75,
		// The product of the first two numbers is 2^-150 - 2^-196, just
		// below half a unit in the last place of the third number. In
		// float64, the sum is rounded to exactly half a unit.
		0x1.fffffcp-76, 0x1.000002p-75, 0x1p-127 + 0x1p-149,
		huge, -huge, 0x1p127, 0x1p64, 0x1.fffffep63, 0x1p-64, inf, -inf, nan, 0.1, -0.3, 127, 1e-30, 1e30,
	}
	values[1] = float32(math.Copysign(0, -1))
	for _, x := range values {
		for _, y := range values {
			for _, z := range values {
				requireFMA(t, x, y, z)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 200_000 {
		x, y := randomBits(r), randomBits(r)
		requireFMA(t, x, y, randomBits(r))
		// If z is near -x*y, the sum cancels. If z is x*y times a power of two, the product is near
		// the last place of z.
		p := x * y
		z := math.Float32frombits(math.Float32bits(-p) + r.Uint32N(3) - 1)
		requireFMA(t, x, y, z)
		requireFMA(t, x, y, float32(math.Ldexp(float64(p), int(r.Uint32N(60))-30)))
	}
}

func randomBits(r *rand.Rand) float32 {
	bits := r.Uint32()
	if r.Uint32N(2) == 0 { // few significant bits, so that some sums lie exactly between two float32 numbers
		bits &= 0xfffff000 << r.Uint32N(8)
	}
	return math.Float32frombits(bits)
}

func requireFMA(t *testing.T, x, y, z float32) {
	t.Helper()
	want, got := exactFMA(x, y, z), FMA32(x, y, z)
	if want != want && got != got {
		return
	}
	if math.Float32bits(want) != math.Float32bits(got) {
		t.Fatalf("%x*%x + %x: got %x, want %x", x, y, z, got, want)
	}
}

func exactFMA(x, y, z float32) float32 {
	special := func(f float32) bool { return f-f != 0 } // infinite or NaN
	if special(x) || special(y) || special(z) {
		// For infinity or NaN, float64 arithmetic is right, because the product does not overflow.
		return float32(float64(x)*float64(y) + float64(z))
	}
	exact := func(f float32) *big.Float { return new(big.Float).SetPrec(1000).SetFloat64(float64(f)) }
	sum := exact(x)
	sum.Mul(sum, exact(y))
	sum.Add(sum, exact(z))
	f, _ := sum.Float32()
	return f
}
