package sampler

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
)

// distribution returns candidates whose softmax is p, in the order given.
func distribution(t *testing.T, p ...float64) *candidates {
	t.Helper()
	logits := make([]float32, len(p))
	for i := range p {
		logits[i] = float32(math.Log(p[i]))
	}
	return loaded(t, logits...)
}

// loaded returns candidates with the given logits.
func loaded(t *testing.T, logits ...float32) *candidates {
	t.Helper()
	c := &candidates{}
	require.NoError(t, c.load(logits))
	return c
}

// ids returns the candidates' ids in order.
func (c *candidates) ids() []int32 {
	ids := []int32{}
	for _, t := range c.list {
		ids = append(ids, t.id)
	}
	return ids
}

// five is the distribution that most tests use. Surprise and entropy are in nats and in bits:
//
//	id          0      1      2      3      4
//	p           0.10   0.40   0.05   0.25   0.20
//	-ln p       2.303  0.916  2.996  1.386  1.609     entropy 1.4150
//	-log2 p     3.322  1.322  4.322  2.000  2.322
var five = []float64{0.10, 0.40, 0.05, 0.25, 0.20}

func TestTruncatingSamplers(t *testing.T) {
	tests := []struct {
		name string
		link link
		want []int32
	}{
		{"top-k 2", topK{k: 2}, []int32{1, 3}},
		{"top-k 1", topK{k: 1}, []int32{1}},
		{"top-k beyond the vocabulary", topK{k: 9}, []int32{0, 1, 2, 3, 4}},

		{"top-p 0.6", topP{p: 0.6}, []int32{1, 3}}, // .40 .65
		{"top-p 0.7", topP{p: 0.7}, []int32{1, 3, 4}},
		{"top-p 0", topP{p: 0}, []int32{1}},
		{"top-p 0, keep 3", topP{p: 0, minKeep: 3}, []int32{1, 3, 4}},
		{"top-p 0.99", topP{p: 0.99}, []int32{1, 3, 4, 0, 2}},

		{"min-p 0.3", minP{p: 0.3}, []int32{1, 3, 4}}, // from .12
		{"min-p 0.24", minP{p: 0.24}, []int32{0, 1, 3, 4}},
		{"min-p 1", minP{p: 1}, []int32{1}},
		{"min-p 1, keep 4", minP{p: 1, minKeep: 4}, []int32{1, 3, 4, 0}},

		// |−ln p − H|: id 3 .029, id 4 .194, id 1 .499, id 0 .888, id 2 1.581
		{"typical 0.2", typical{p: 0.2}, []int32{3}},
		{"typical 0.3", typical{p: 0.3}, []int32{3, 4}},
		{"typical 0.8", typical{p: 0.8}, []int32{3, 4, 1}},
		{"typical 0, keep 4", typical{p: 0, minKeep: 4}, []int32{3, 4, 1, 0}},

		// logits −2.303 −.916 −2.996 −1.386 −1.609: mean −1.842, σ .7256
		{"top-n-sigma 0", topNSigma{n: 0}, []int32{1}},
		{"top-n-sigma 0.6", topNSigma{n: 0.6}, []int32{1}},         // ≥ −1.352
		{"top-n-sigma 0.7", topNSigma{n: 0.7}, []int32{1, 3}},      // ≥ −1.424
		{"top-n-sigma 1", topNSigma{n: 1}, []int32{1, 3, 4}},       // ≥ −1.642
		{"top-n-sigma 2", topNSigma{n: 2}, []int32{0, 1, 3, 4}},    // ≥ −2.367
		{"top-n-sigma 3", topNSigma{n: 3}, []int32{0, 1, 2, 3, 4}}, // ≥ −3.093
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := distribution(t, five...)
			tt.link.apply(c)
			require.Equal(t, tt.want, c.ids())
		})
		t.Run(tt.name+", sorted before", func(t *testing.T) {
			c := distribution(t, five...)
			c.sort()
			tt.link.apply(c)
			require.ElementsMatch(t, tt.want, c.ids())
		})
	}
}

func TestSoftmax(t *testing.T) {
	c := distribution(t, five...)
	c.softmax()
	require.Equal(t, []int32{1, 3, 4, 0, 2}, c.ids())
	for i, want := range []float64{0.40, 0.25, 0.20, 0.10, 0.05} {
		require.InDelta(t, want, c.list[i].p, 1e-7)
	}
	require.InDelta(t, 1.4150, c.entropy(), 5e-5)
}

func TestTiesFallById(t *testing.T) {
	for _, n := range []int{7, radixMin + 5} { // both sorts
		logits := make([]float32, n)
		logits[n-1], logits[n-3] = 2, 2
		logits[1] = float32(math.Copysign(0, -1))
		c := loaded(t, logits...)
		c.softmax()
		require.Equal(t, []int32{int32(n - 3), int32(n - 1), 0, 1, 2}, c.ids()[:5])

		c = loaded(t, logits...)
		c.top(4)
		require.Equal(t, []int32{int32(n - 3), int32(n - 1), 0, 1}, c.ids())

		c = loaded(t, logits...)
		typical{p: 2}.apply(c) // reorders, drops nothing
		c.sort()
		require.Equal(t, []int32{int32(n - 3), int32(n - 1), 0, 1, 2}, c.ids()[:5])
	}
}

// TestTopAgreesWithSort checks that the heap, the comparison sort and the radix sort give the
// same order.
func TestTopAgreesWithSort(t *testing.T) {
	logits := noise(3*radixMin, 5)
	for i := range logits { // with many ties
		logits[i] = float32(math.Round(float64(logits[i]) * 8))
	}
	want := loaded(t, logits...)
	want.sort()
	for i := 1; i < len(want.list); i++ {
		require.True(t, before(want.list[i-1], want.list[i]), "at %d", i)
	}
	for _, k := range []int{1, 2, 3, 40, heapMax, heapMax + 1, len(logits)} {
		c := loaded(t, logits...)
		c.top(k)
		c.sort()
		require.Equal(t, want.ids()[:k], c.ids(), "k %d", k)
	}
}

func TestTemperature(t *testing.T) {
	c := distribution(t, five...)
	temperature{t: 0.5}.apply(c) // squares the odds
	c.softmax()
	sum := 0.16 + 0.0625 + 0.04 + 0.01 + 0.0025
	for i, want := range []float64{0.16, 0.0625, 0.04, 0.01, 0.0025} {
		require.InDelta(t, want/sum, c.list[i].p, 1e-6)
	}
}

func TestTemperatureNearZeroLeavesTheLikeliest(t *testing.T) {
	c := distribution(t, five...)
	temperature{t: 1e-7}.apply(c)
	require.Equal(t, []int32{1}, c.ids())
}

func TestDynamicTemperature(t *testing.T) {
	tests := []struct {
		name     string
		p        []float64
		exponent float32
		want     float64 // temperature between 0.5 and 1.5
	}{
		{"equal probabilities give the highest temperature", []float64{0.25, 0.25, 0.25, 0.25}, 1, 1.5},
		// H = 1.4150 of ln 5 = 1.6094: 0.8792
		{"in between", five, 1, 1.3792},
		{"squared", five, 2, 1.2730},
		{"a certain token gives the lowest temperature", []float64{1, 1e-12}, 1, 0.5},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := distribution(t, tt.p...)
			first := c.list[0].logit
			dynamicTemperature{low: 0.5, high: 1.5, exponent: tt.exponent}.apply(c)
			for _, got := range c.list {
				if got.id == 0 && first != 0 {
					require.InDelta(t, tt.want, float64(first/got.logit), 1e-4)
				}
			}
		})
	}
}

func TestXTC(t *testing.T) {
	tests := []struct {
		name string
		s    xtc
		want []int32
	}{
		// 0.40, 0.25 and 0.20 reach the threshold. Only the last of them stays.
		{"all but the last top choice", xtc{probability: 1, threshold: 0.2 - 1e-6}, []int32{4, 0, 2}},
		{"one top choice", xtc{probability: 1, threshold: 0.3}, []int32{1, 3, 4, 0, 2}},
		{"none", xtc{probability: 1, threshold: 0.45}, []int32{1, 3, 4, 0, 2}},
		{"above one half", xtc{probability: 1, threshold: 0.51}, []int32{0, 1, 2, 3, 4}},
		{"xtc would leave too few tokens", xtc{probability: 1, threshold: 0.1, minKeep: 4}, []int32{1, 3, 4, 0, 2}},
		{"never", xtc{probability: 1e-9, threshold: 0.1}, []int32{0, 1, 2, 3, 4}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.s.rng = fmath.NewMT19937(1)
			c := distribution(t, five...)
			tt.s.apply(c)
			require.Equal(t, tt.want, c.ids())
		})
	}
}

func TestXTCHappensAsOftenAsAsked(t *testing.T) {
	s := &xtc{probability: 0.3, threshold: 0.1, rng: fmath.NewMT19937(5)}
	removed := 0
	for range 10_000 {
		c := distribution(t, five...)
		s.apply(c)
		if len(c.list) < 5 {
			removed++
		}
	}
	require.InDelta(t, 3000, removed, 150)
}
