package logits

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
)

// five holds the probabilities of five tokens.
var five = []float64{0.10, 0.40, 0.05, 0.25, 0.20}

func TestLogprobs(t *testing.T) {
	logits := make([]float32, len(five))
	for i, p := range five {
		logits[i] = float32(math.Log(p)) + 7
	}
	l := NewLogprobs(logits)
	for i, p := range five {
		require.InDelta(t, math.Log(p), l.Of(int32(i)), 1e-6)
		require.InDelta(t, p, l.Prob(int32(i)), 1e-6)
		require.Equal(t, []int{4, 1, 5, 2, 3}[i], l.Rank(int32(i)))
	}
	require.Equal(t, int32(1), l.Best())
	require.True(t, l.Valid())
	require.False(t, NewLogprobs([]float32{1, float32(math.NaN())}).Valid())
	require.False(t, NewLogprobs([]float32{1, float32(math.Inf(1))}).Valid())
	top := l.Top(nil, 3)
	require.Len(t, top, 3)
	for i, want := range []int32{1, 3, 4} {
		require.Equal(t, want, top[i].ID)
		require.Equal(t, l.Of(want), top[i].Logprob)
	}
	require.Empty(t, l.Top(nil, 0))
	require.Len(t, l.Top(nil, 9), 5)
	require.Equal(t, top[:2], l.Top([]TokenLogprob{{99, 0}}, 2)[1:], "Top must append to its argument")
}

func TestNormalized(t *testing.T) {
	l := Normalized([]float32{-1, -2})
	require.Equal(t, 2, l.Len())
	require.Equal(t, -2.0, l.Of(1))
	require.InDelta(t, math.Exp(-1), l.Prob(0), 1e-15)
}

func TestLogprobTies(t *testing.T) {
	l := NewLogprobs([]float32{1, 2, 1, 2, 2})
	require.Equal(t, 1, l.Rank(1))
	require.Equal(t, 2, l.Rank(3))
	require.Equal(t, 5, l.Rank(2))
	require.Equal(t, int32(1), l.Best())
	top := NewLogprobs([]float32{1, 2, 1, 2, 2}).Top(nil, 4)
	require.Equal(t, []int32{1, 3, 4, 0}, []int32{top[0].ID, top[1].ID, top[2].ID, top[3].ID})
}

func TestLogSumExp(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	tests := []struct {
		name   string
		logits []float32
		want   float64
	}{
		{"none", nil, -inf},
		{"one", []float32{3}, 3},
		{"equal", []float32{1, 1, 1, 1}, 1 + math.Log(4)},
		{"far apart", []float32{1000, -1000}, 1000},
		{"large", []float32{88, 88.5}, 88.5 + math.Log1p(math.Exp(-0.5))},
		{"impossible ones", []float32{float32(-inf), 2}, 2},
		{"all impossible", []float32{float32(-inf), float32(-inf)}, -inf},
	}
	for _, tt := range tests {
		require.InDelta(t, tt.want, LogSumExp(tt.logits), 1e-14, tt.name)
	}
	require.True(t, math.IsNaN(LogSumExp([]float32{1, float32(nan)})))
	require.True(t, math.IsNaN(LogSumExp([]float32{float32(nan), 1})))
}

func BenchmarkLogSumExp(b *testing.B) {
	r := rand.New(rand.NewPCG(7, 1))
	logits := make([]float32, 32_000)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 3)
	}
	b.SetBytes(int64(4 * len(logits)))
	for b.Loop() {
		LogSumExp(logits)
	}
}

// TestLogSumExpIsASum compares the result with its definition: a float64 sum in the order of the
// tokens, without negligible terms.
func TestLogSumExpIsASum(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 9))
	for _, n := range []int{1, 3, 255, 256, 257, 512, 1000} {
		for _, scale := range []float64{1, 10, 60} {
			logits := make([]float32, n)
			for i := range logits {
				logits[i] = float32(r.NormFloat64() * scale)
			}
			top, sum := slices.Max(logits), 0.
			for _, l := range logits {
				if d := float64(l) - float64(top); d > -50 {
					sum += fmath.Exp(d)
				}
			}
			require.Equal(t, float64(top)+fmath.Log(sum), LogSumExp(logits))
		}
	}
}
