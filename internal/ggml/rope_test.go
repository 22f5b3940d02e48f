package ggml

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// angle returns the angle by which Rope rotates pair i at position pos, and the factor that Rope
// multiplies the pair by.
func angle(t *testing.T, p RopeParams, i, pos int) (angle, amplitude float64) {
	r, err := NewRope(p)
	require.NoError(t, err)
	cos, sin := make([]float32, r.Pairs()), make([]float32, r.Pairs())
	r.Angles(cos, sin, pos)
	return math.Atan2(float64(sin[i]), float64(cos[i])), math.Hypot(float64(sin[i]), float64(cos[i]))
}

func TestRopeScalings(t *testing.T) {
	const dim, pos = 64, 50
	plain := func(base float64, i int) float64 { return pos * math.Pow(base, -2*float64(i)/dim) }
	factors := make([]float32, dim/2)
	for i := range factors {
		factors[i] = 1 + float32(i)/8
	}
	tests := []struct {
		name string
		p    RopeParams
		want func(i int) float64
	}{
		{"none", RopeParams{Base: 10000}, func(i int) float64 { return plain(10000, i) }},
		{"ScalingNone ignores the factor", RopeParams{Base: 10000, Scaling: ScalingNone, Factor: 4}, func(i int) float64 { return plain(10000, i) }},
		{"another base", RopeParams{Base: 500000, Scaling: ScalingLinear}, func(i int) float64 { return plain(500000, i) }},
		{"linear", RopeParams{Base: 10000, Scaling: ScalingLinear, Factor: 4}, func(i int) float64 { return plain(10000, i) / 4 }},
		{"ntk", RopeParams{Base: 10000, Scaling: ScalingNTK, Factor: 4}, func(i int) float64 {
			return plain(10000*math.Pow(4, 64.0/62), i)
		}},
		{"llama 3", RopeParams{Base: 10000, FreqFactors: factors}, func(i int) float64 { return plain(10000, i) / float64(factors[i]) }},
		{"longrope", RopeParams{Base: 10000, Scaling: ScalingLongRope, Factor: 2, FreqFactors: factors}, func(i int) float64 {
			return plain(10000, i) / 2 / float64(factors[i])
		}},
		{"yarn", RopeParams{Base: 10000, Scaling: ScalingYaRN, Factor: 4, OrigCtx: 2048}, func(i int) float64 {
			dimOf := func(rot float64) float64 {
				return dim * math.Log(2048/(rot*2*math.Pi)) / (2 * math.Log(10000))
			}
			low, high := math.Floor(dimOf(32)), math.Ceil(dimOf(1))
			ramp := min(1, max(0, (float64(i)-low)/(high-low)))
			return plain(10000, i)/4*ramp + plain(10000, i)*(1-ramp)
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.p.Dim = dim
			for i := range dim / 2 {
				got, amplitude := angle(t, test.p, i, pos)
				require.InDelta(t, 0, math.Sin((got-test.want(i))/2), 1e-6, "pair %d", i)
				want := 1.0
				if test.p.Scaling == ScalingYaRN {
					want = 1 + 0.1*math.Log(4)
				}
				require.InDelta(t, want, amplitude, 1e-6)
			}
		})
	}
	_, amplitude := angle(t, RopeParams{Dim: 64, Base: 10000, Scaling: ScalingYaRN, Factor: 4, OrigCtx: 2048, AttnFactor: 0.5}, 3, 9)
	require.InDelta(t, 0.5*(1+0.1*math.Log(4)), amplitude, 1e-6)
	_, amplitude = angle(t, RopeParams{Dim: 64, Base: 10000, Scaling: ScalingLongRope, AttnFactor: 1.19}, 3, 9)
	require.InDelta(t, 1.19, amplitude, 1e-6)

	// If Ext is -1, the scaling is linear. If it is 0.5, the scaling is halfway between linear and
	// full YaRN.
	yarn := RopeParams{Dim: 64, Base: 10000, Scaling: ScalingYaRN, Factor: 4, OrigCtx: 2048, YaRN: YaRN{Ext: -1}}
	linear := RopeParams{Dim: 64, Base: 10000, Scaling: ScalingLinear, Factor: 4}
	for i := range 32 {
		want, _ := angle(t, linear, i, 1)
		got, amplitude := angle(t, yarn, i, 1)
		require.InDelta(t, want, got, 1e-6)
		require.InDelta(t, 1, amplitude, 1e-6)
	}
	yarn.YaRN.Ext = 0.5
	half, amplitude := angle(t, yarn, 0, 1)
	require.InDelta(t, (1+0.25)/2, half, 1e-6)
	require.InDelta(t, 1+0.1*math.Log(4), amplitude, 1e-6)
}

// TestYaRN checks the parameters of YaRN that a model may change.
func TestYaRN(t *testing.T) {
	p := RopeParams{Dim: 64, Base: 10000, Scaling: ScalingYaRN, Factor: 4, OrigCtx: 2048}
	amplitude := func(y YaRN) float64 {
		p := p
		p.YaRN = y
		_, amplitude := angle(t, p, 3, 9)
		return amplitude
	}
	require.InDelta(t, 1.3, amplitude(YaRN{Attn: 1.3}), 1e-6)
	require.InDelta(t, 1.0, amplitude(YaRN{Log: 1}), 1e-6)
	require.InDelta(t, (1+0.1*math.Log(4))/(1+0.05*math.Log(4)), amplitude(YaRN{Log: 0.5}), 1e-6)
	p.YaRN = YaRN{BetaFast: 8, BetaSlow: 0.5}
	const pos = 5
	for i := range 32 {
		pairOf := func(turns float64) float64 { return 64 * math.Log(2048/(turns*2*math.Pi)) / (2 * math.Log(10000)) }
		low, high := math.Floor(pairOf(8)), math.Ceil(pairOf(0.5))
		ramp := min(1, max(0, (float64(i)-low)/(high-low)))
		plain := pos * math.Pow(10000, -2*float64(i)/64)
		got, _ := angle(t, p, i, pos)
		require.InDelta(t, 0, math.Sin((got-(plain/4*ramp+plain*(1-ramp)))/2), 1e-6, "pair %d", i)
	}
	for _, bad := range []YaRN{{Attn: -1}, {Attn: 1e9}, {Log: -10}} {
		p.YaRN = bad
		_, err := NewRope(p)
		require.ErrorContains(t, err, "sines and cosines")
	}
}

// TestRopeHalves checks that Halves is the same rotation with the elements in another order.
func TestRopeHalves(t *testing.T) {
	for _, n := range []int{2, 4, 10, 16, 34, 64, 128} {
		p := RopeParams{Dim: n, Base: 10000}
		pairs, err := NewRope(p)
		require.NoError(t, err)
		p.Halves = true
		halves, err := NewRope(p)
		require.NoError(t, err)
		x, y := make([]float32, n), make([]float32, n)
		for i := range n / 2 {
			x[2*i], x[2*i+1] = float32(i)+0.3, 7-float32(i)
			y[i], y[n/2+i] = x[2*i], x[2*i+1]
		}
		cos, sin := make([]float32, n/2), make([]float32, n/2)
		pairs.Angles(cos, sin, 11)
		pairs.Apply(x, cos, sin)
		halves.Apply(y, cos, sin)
		for i := range n / 2 {
			require.Equal(t, x[2*i], y[i])
			require.Equal(t, x[2*i+1], y[n/2+i])
		}
	}
}

// TestRopeFarPositions checks that angles stay exact at far positions,
// where a chain of float32 multiplications would be wrong.
func TestRopeFarPositions(t *testing.T) {
	for _, pos := range []int{0, 1, 100_000, 1_000_000} {
		for i := range 16 {
			want := float64(pos) * math.Pow(10000, -2*float64(i)/32)
			got, _ := angle(t, RopeParams{Dim: 32, Base: 10000}, i, pos)
			require.InDelta(t, 0, math.Sin((got-want)/2), 1e-6)
		}
	}
}

func TestRopeApply(t *testing.T) {
	x := []float32{1, 2, 3, 4}
	r, err := NewRope(RopeParams{Dim: 4, Base: 100})
	require.NoError(t, err)
	cos, sin := make([]float32, 2), make([]float32, 2)
	r.Angles(cos, sin, 3)
	y := append([]float32(nil), x...)
	r.Apply(y, cos, sin)
	for i := range 2 {
		s, c := math.Sincos(3 * math.Pow(100, -float64(i)/2))
		a, b := float64(x[2*i]), float64(x[2*i+1])
		require.InDelta(t, a*c-b*s, y[2*i], 1e-6)
		require.InDelta(t, a*s+b*c, y[2*i+1], 1e-6)
	}
	// Rotating back restores the vector.
	r.ShiftAngles(cos, sin, -3)
	r.Apply(y, cos, sin)
	require.InDeltaSlice(t, x, y, 1e-6)
}

func TestRopeRefusals(t *testing.T) {
	for _, p := range []RopeParams{
		{Dim: 0, Base: 10000}, {Dim: 7, Base: 10000}, {Dim: 8}, {Dim: 8, Base: -1}, {Dim: 8, Base: math.NaN()}, {Dim: 8, Base: math.Inf(1)},
		{Dim: 8, Base: 10000, Factor: -2}, {Dim: 8, Base: 10000, Factor: math.NaN()},
		{Dim: 8, Base: 10000, Scaling: "dynamic"},
		{Dim: 8, Base: 10000, FreqFactors: []float32{1}},
	} {
		_, err := NewRope(p)
		require.Error(t, err, "%+v", p)
	}
}
