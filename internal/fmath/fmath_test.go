package fmath

import (
	"hash/fnv"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// ulps returns the distance of got from want in units of want's last place.
func ulps(got float32, want float64) float64 {
	w := float32(want)
	unit := float64(math.Nextafter32(float32(math.Abs(float64(w))), float32(math.Inf(1)))) - math.Abs(float64(w))
	return math.Abs(float64(got)-want) / unit
}

func TestExp32IsWithinOneULP(t *testing.T) {
	worst, at := 0.0, float32(0)
	step := uint32(3001)
	if testing.Short() {
		step = 300007
	}
	for _, sign := range []uint32{0, 1 << 31} {
		for bits := uint32(0x30000000); bits < 0x42d20000; bits += step {
			x := math.Float32frombits(bits | sign)
			want := math.Exp(float64(x))
			if x < -87.68 || x > 88.37 {
				break
			}
			if u := ulps(Exp32(x), want); u > worst {
				worst, at = u, x
			}
		}
	}
	t.Logf("worst: %.3f ulp at %v", worst, at)
	require.Less(t, worst, 1.0)
}

func TestExp32AtTheEdges(t *testing.T) {
	inf := float32(math.Inf(1))
	tests := []struct{ x, want float32 }{
		{0, 1},
		{float32(math.Copysign(0, -1)), 1},
		{inf, inf},
		{-inf, 0},
		{-87.69, 0},
		{-1e30, 0},
		{88.38, inf},
		{1e30, inf},
	}
	for _, test := range tests {
		got := Exp32(test.x)
		require.Equal(t, test.want, got, "Exp32(%v)", test.x)
		require.False(t, math.Signbit(float64(got)))
	}
	require.True(t, math.IsNaN(float64(Exp32(float32(math.NaN())))))
}

func TestSeries(t *testing.T) {
	for x := -600.0; x < 600; x += 0.37 {
		require.InEpsilon(t, math.Exp(x), ExpSeries(x), 1e-15)
	}
	for x := 1e-6; x < 1e12; x *= 1.37 {
		require.InDelta(t, math.Log(x), LogSeries(x), 1e-15*max(1, math.Abs(math.Log(x))))
	}
	require.Zero(t, LogSeries(1))
	for i := range 64 {
		y := -2 * float64(i) / 128
		require.InEpsilon(t, math.Pow(500000, y), PowSeries(500000, y), 1e-14)
	}
	for x := -1e6; x < 1e6; x += 97.31 {
		s, c := SinCos(x)
		ws, wc := math.Sincos(x)
		require.InDelta(t, ws, s, 1e-15, "sin(%v)", x)
		require.InDelta(t, wc, c, 1e-15, "cos(%v)", x)
	}
	s, c := SinCos(0)
	require.Equal(t, [2]float64{0, 1}, [2]float64{s, c})
}

// TestFunctionsAreTheSameEverywhere compares a hash of the results with one number, which is the
// same for all architectures.
func TestFunctionsAreTheSameEverywhere(t *testing.T) {
	h := fnv.New64a()
	add := func(bits uint64) {
		var b [8]byte
		for i := range b {
			b[i] = byte(bits >> (8 * i))
		}
		h.Write(b[:])
	}
	for i := range 20000 {
		x := float64(float64(i)*0.0101) - 105
		add(uint64(math.Float32bits(Exp32(float32(x)))))
		add(math.Float64bits(ExpSeries(x)))
		add(math.Float64bits(LogSeries(x + 106)))
		s, c := SinCos(x * 97) // a product that is not added to anything cannot be fused
		add(math.Float64bits(s))
		add(math.Float64bits(c))
	}
	require.Equal(t, uint64(0x1de0ed6f879835bb), h.Sum64())
}

func BenchmarkExp32(b *testing.B) {
	x := float32(-3)
	for b.Loop() {
		x = -1 - Exp32(x)
	}
}
