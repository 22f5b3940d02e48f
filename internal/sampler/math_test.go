package sampler

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/mt19937"
)

// ulps returns the distance of two float32 values in units of the last place.
func ulps(a, b float32) int64 {
	d := int64(ordered(a)) - int64(ordered(b))
	return max(d, -d)
}

func TestMathAgreesWithTheLibrary(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		x := float32((r.Float64() - 0.8) * 110)
		require.LessOrEqual(t, ulps(expf(x), float32(math.Exp(float64(x)))), int64(1), "exp %v", x)
		y := float32(math.Ldexp(r.Float64(), r.IntN(250)-125))
		require.LessOrEqual(t, ulps(logf(y), float32(math.Log(float64(y)))), int64(1), "log %v", y)
		e := (r.Float64() - 0.5) * 8
		require.LessOrEqual(t, ulps(float32(pow(float64(y), e)), float32(math.Pow(float64(y), e))), int64(1), "%v^%v", y, e)
	}
}

func TestMathInFloat64(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 10_000 {
		x := (r.Float64() - 0.5) * 1400
		require.InEpsilon(t, math.Exp(x), exp(x), 5e-16, "exp %v", x)
		y := math.Ldexp(r.Float64()+1e-9, r.IntN(2000)-1000)
		require.InDelta(t, math.Log(y), log(y), 2.3e-16*math.Max(math.Abs(math.Log(y)), 1e-300)*2, "log %v", y)
	}
}

func TestMathSpecialValues(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	require.Equal(t, 1.0, exp(0))
	require.Equal(t, 0.0, exp(-inf))
	require.Equal(t, 0.0, exp(-746))
	require.Equal(t, inf, exp(inf))
	require.Equal(t, inf, exp(710))
	require.Equal(t, math.Exp(-744), exp(-744), "subnormal")
	require.True(t, math.IsNaN(exp(nan)))
	require.Equal(t, 0.0, log(1))
	require.Equal(t, -inf, log(0))
	require.Equal(t, inf, log(inf))
	require.True(t, math.IsNaN(log(-1)))
	require.True(t, math.IsNaN(log(nan)))
	require.Equal(t, 1.0, pow(0, 0))
	require.Equal(t, 0.0, pow(0, 2))
	require.Equal(t, inf, pow(0, -1))
	require.Equal(t, 1024.0, pow(2, 10))
}

// TestMathBits pins bits: the same on every machine, whatever it fuses.
func TestMathBits(t *testing.T) {
	var h uint64 = 14695981039346656037 // FNV-1a
	mix := func(x float64) {
		for b := math.Float64bits(x); b != 0; b >>= 8 {
			h = (h ^ b&255) * 1099511628211
		}
	}
	g := mt19937.New(9)
	for range 10_000 {
		u := g.Float64()
		mix(exp(float64(u*60) - 50))
		mix(log(u))
		mix(pow(u, 1.75))
	}
	require.Equal(t, uint64(0x38d94042d0398125), h)
}
