package sampler

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
	"alpaca/internal/logits"
)

// TestMirostatCut cuts tokens with a surprise of 1.322, 2, 2.322, 3.322 and 4.322 bits.
func TestMirostatCut(t *testing.T) {
	for mu, want := range map[float32]int{0.5: 1, 1.4: 1, 2.1: 2, 2.4: 3, 4: 4, 5: 5} {
		c := distribution(t, five...)
		c.softmax()
		(&mirostat{version: 2, mu: mu}).cut(c)
		require.Len(t, c.list, want, "mu %v", mu)
	}
}

// TestMirostatK checks that the fit finds the exponent s if p ∝ rank^-s, and that k follows from
// the paper's equation 7.
func TestMirostatK(t *testing.T) {
	const n, s, mu = 1000, 1.5, 4
	p := make([]float64, n)
	for i := range p {
		p[i] = math.Pow(float64(i+1), -s)
	}
	c := distribution(t, p...)
	c.softmax()
	m := &mirostat{version: 1, mu: mu, vocab: n}
	// ((0.5 * 2^4) / (1 - 1000^-0.5))^(1/1.5) = 8.2612^(2/3) = 4.087
	require.Equal(t, 4, m.k(c.list))

	flat := loaded(t, make([]float32, 10)...)
	flat.softmax()
	require.Equal(t, 1, m.k(flat.list), "a probability of 1/1000 is 10 bits, which is more than mu")
	m.vocab = 10
	require.Equal(t, 10, m.k(flat.list), "a probability of 1/10 is 3.3 bits, which is less than mu")
	one := loaded(t, 1)
	one.softmax()
	require.Equal(t, 1, m.k(one.list))
}

func TestMirostatLearns(t *testing.T) {
	m := newMirostat(&Params{Mirostat: 2, MirostatTau: 3, MirostatEta: 0.5}, Vocab{N: 2})
	require.Equal(t, float32(6), m.mu)
	c := loaded(t, 5, -90)
	require.Equal(t, int32(0), c.list[m.choose(c, fmath.NewMT19937(1))].id)
	// A certain token has no surprise: mu -= 0.5 * (0 - 3)
	require.Equal(t, float32(7.5), m.mu)
}

// TestMirostatReachesItsTarget checks that the mean surprise is tau in a long text.
func TestMirostatReachesItsTarget(t *testing.T) {
	raw := noise(2000, 4)
	dist := logits.NewLogprobs(raw)
	for _, version := range []int{1, 2} {
		p := DefaultParams()
		p.Seed, p.Temp, p.Mirostat, p.MirostatTau = 1, 1, version, 4
		s, err := New(p, Vocab{N: len(raw)})
		require.NoError(t, err)
		kept := 0.0
		const rounds = 500
		for range rounds {
			id, err := s.Sample(raw)
			require.NoError(t, err)
			kept -= dist.Of(id) / math.Ln2
		}
		// The target holds for the truncated distribution. In the whole distribution the
		// same tokens are less likely, so their surprise is larger.
		require.InDelta(t, 5, kept/rounds, 1.5, "version %d", version)
	}
}
