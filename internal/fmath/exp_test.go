package fmath

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// distance returns how many float32 values b is away from a.
func distance(a, b float32) int64 {
	d := ordered(a) - ordered(b)
	return max(d, -d)
}

// ordered returns the position of f in the order of all float32 values.
func ordered(f float32) int64 {
	bits := int64(math.Float32bits(f))
	if bits >= 1<<31 {
		return 1<<31 - bits
	}
	return bits
}

func TestExpLogPowAgreesWithTheLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		x := float32((r.Float64() - 0.8) * 110)
		require.LessOrEqual(t, distance(float32(Exp(float64(x))), float32(math.Exp(float64(x)))), int64(1), "exp %v", x)
		y := float32(math.Ldexp(r.Float64(), r.IntN(250)-125))
		require.LessOrEqual(t, distance(float32(Log(float64(y))), float32(math.Log(float64(y)))), int64(1), "log %v", y)
		e := (r.Float64() - 0.5) * 8
		require.LessOrEqual(t, distance(float32(Pow(float64(y), e)), float32(math.Pow(float64(y), e))), int64(1), "%v^%v", y, e)
	}
}

func TestExpLogPowInFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		x := (r.Float64() - 0.5) * 1400
		require.InEpsilon(t, math.Exp(x), Exp(x), 5e-16, "exp %v", x)
		y := math.Ldexp(r.Float64()+1e-9, r.IntN(2000)-1000)
		require.InDelta(t, math.Log(y), Log(y), 2.3e-16*math.Max(math.Abs(math.Log(y)), 1e-300)*2, "log %v", y)
	}
}

func TestExpLogPowSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	require.Equal(t, 1.0, Exp(0))
	require.Equal(t, 0.0, Exp(-inf))
	require.Equal(t, 0.0, Exp(-746))
	require.Equal(t, inf, Exp(inf))
	require.Equal(t, inf, Exp(710))
	require.Equal(t, math.Exp(-744), Exp(-744), "the result must be exact even if it is subnormal")
	require.True(t, math.IsNaN(Exp(nan)))
	require.Equal(t, 0.0, Log(1))
	require.Equal(t, -inf, Log(0))
	require.Equal(t, inf, Log(inf))
	require.True(t, math.IsNaN(Log(-1)))
	require.True(t, math.IsNaN(Log(nan)))
	require.Equal(t, 1.0, Pow(0, 0))
	require.Equal(t, 0.0, Pow(0, 2))
	require.Equal(t, inf, Pow(0, -1))
	require.Equal(t, 1024.0, Pow(2, 10))
}

// TestExpLogPowBits checks that the results have the same bits on every machine, whether or not the
// machine fuses multiply-adds.
func TestExpLogPowBits(t *testing.T) {
	var h uint64 = 14695981039346656037 // FNV-1a
	mix := func(x float64) {
		for b := math.Float64bits(x); b != 0; b >>= 8 {
			h = (h ^ b&255) * 1099511628211
		}
	}
	g := NewMT19937(9)
	for range 10_000 {
		u := g.Float64()
		mix(Exp(float64(u*60) - 50))
		mix(Log(u))
		mix(Pow(u, 1.75))
	}
	require.Equal(t, uint64(0x38d94042d0398125), h)
}
