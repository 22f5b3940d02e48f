package sampler

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
)

// newSampler returns a sampler with DefaultParams, modified by change.
func newSampler(t testing.TB, v Vocab, change func(*Params)) *Sampler {
	t.Helper()
	p := DefaultParams()
	p.Seed = 42
	change(&p)
	s, err := New(p, v)
	require.NoError(t, err)
	return s
}

// generate samples n tokens from the same logits, and accepts each of them.
func generate(t testing.TB, s *Sampler, logits []float32, n int) []int32 {
	t.Helper()
	ids := []int32{}
	for range n {
		id, err := s.Sample(logits)
		require.NoError(t, err)
		s.Accept(id)
		ids = append(ids, id)
	}
	return ids
}

// TestSameSeedSameText checks which tokens each sampler chooses with a fixed seed. The tokens are
// the same on every architecture and in every build.
func TestSameSeedSameText(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Params)
		want   []int32
	}{
		{"default", func(*Params) {},
			[]int32{49, 180, 10, 155, 181, 229, 181, 23, 229, 246, 229, 265, 43, 229, 83, 61}},
		{"no truncation", func(p *Params) { p.TopK, p.TopP, p.MinP = 0, 1, 0 },
			[]int32{269, 180, 128, 49, 155, 229, 61, 181, 180, 132, 229, 24, 185, 229, 268, 221}},
		{"penalties", func(p *Params) { p.RepeatPenalty, p.FrequencyPenalty, p.PresencePenalty = 1.3, 0.2, 0.1 },
			[]int32{49, 180, 4, 180, 64, 229, 61, 6, 23, 110, 181, 123, 237, 155, 63, 6}},
		{"dry", func(p *Params) { p.DRYMultiplier, p.TopK = 0.8, 4 },
			[]int32{23, 229, 23, 23, 180, 229, 180, 180, 229, 23, 229, 181, 181, 229, 181, 180}},
		{"typical", func(p *Params) { p.TypicalP, p.TopK = 0.5, 0 },
			[]int32{293, 61, 237, 118, 49, 155, 49, 265, 61, 272, 6, 218, 241, 6, 126, 226}},
		{"top-n-sigma", func(p *Params) { p.TopNSigma = 1.5 },
			[]int32{10, 180, 58, 155, 181, 229, 181, 23, 229, 61, 229, 121, 123, 229, 282, 155}},
		{"xtc", func(p *Params) { p.XTCProbability, p.XTCThreshold = 0.5, 0.05 },
			[]int32{132, 180, 10, 58, 181, 229, 181, 23, 64, 264, 181, 221, 218, 181, 83, 10}},
		{"dynamic temperature", func(p *Params) { p.DynTempRange, p.DynTempExponent, p.TopK = 0.5, 1.3, 0 },
			[]int32{293, 23, 237, 137, 121, 180, 265, 155, 180, 123, 229, 282, 209, 229, 125, 197}},
		{"mirostat 1", func(p *Params) { p.Mirostat = 1 },
			[]int32{269, 180, 128, 49, 155, 229, 61, 181, 180, 132, 229, 24, 185, 229, 167, 10}},
		{"mirostat 2", func(p *Params) { p.Mirostat = 2 },
			[]int32{293, 180, 83, 58, 6, 229, 155, 181, 180, 221, 229, 272, 285, 229, 161, 10}},
		{"greedy", func(p *Params) { p.Temp = 0 },
			[]int32{229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229, 229}},
		{"greedy, penalized", func(p *Params) { p.Temp, p.RepeatPenalty = -1, 1.5 },
			[]int32{229, 180, 23, 181, 64, 6, 155, 61, 229, 229, 229, 229, 229, 229, 229, 229}},
	}
	logits := make([]float32, 300)
	g := fmath.NewMT19937(11)
	for i := range logits {
		logits[i] = 3 * (g.Float32() + g.Float32() + g.Float32() + g.Float32() - 2)
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSampler(t, Vocab{N: len(logits)}, tt.change)
			require.Equal(t, tt.want, generate(t, s, logits, 16), "a seed gives other tokens than before: answers change for everybody; a new sampler must be off by default")
		})
	}
}

func TestDistribution(t *testing.T) {
	logits := make([]float32, len(five))
	for i, p := range five {
		logits[i] = float32(math.Log(p))
	}
	s := newSampler(t, Vocab{N: 5}, func(p *Params) { p.Temp, p.TopK, p.TopP, p.MinP = 1, 0, 1, 0 })
	const n = 100_000
	counts := make([]float64, 5)
	for _, id := range generate(t, s, logits, n) {
		counts[id]++
	}
	for i, p := range five {
		// The tolerance is four standard deviations of a binomial distribution.
		require.InDelta(t, p, counts[i]/n, 4*math.Sqrt(p*(1-p)/n), "token %d", i)
	}
}

func TestGreedy(t *testing.T) {
	logits := []float32{1, 7, 3, 7, 2}
	everything := func(p *Params) {
		p.Temp, p.TypicalP, p.XTCProbability, p.Mirostat = 0, 0.1, 1, 2
		p.DynTempRange = 1
	}
	s := newSampler(t, Vocab{N: 5}, everything)
	require.Equal(t, []int32{1, 1, 1}, generate(t, s, logits, 3), "of two tokens with equal logits, the first must be chosen")
	s = newSampler(t, Vocab{N: 5}, func(p *Params) { p.Temp, p.PresencePenalty = 0, 5 })
	require.Equal(t, []int32{1, 3, 2, 1}, generate(t, s, logits, 4))
}

func TestBiasAndEOS(t *testing.T) {
	inf := float32(math.Inf(-1))
	tests := []struct {
		name   string
		logits []float32
		change func(*Params)
		want   int32
	}{
		{"bias", []float32{1, 2, 3, 4}, func(p *Params) { p.LogitBias = map[int32]float32{1: 5} }, 1},
		{"forbidden", []float32{1, 2, 3, 4}, func(p *Params) { p.LogitBias = map[int32]float32{3: inf} }, 2},
		{"ignore eos", []float32{1, 2, 3, 4}, func(p *Params) { p.IgnoreEOS = true }, 1},
		{"IgnoreEOS overrides a bias", []float32{1, 2, 3, 4},
			func(p *Params) { p.IgnoreEOS, p.LogitBias = true, map[int32]float32{3: 9} }, 1},
		{"a bias cannot allow a token with a logit of -Inf", []float32{1, 2, 3, inf},
			func(p *Params) { p.LogitBias = map[int32]float32{3: 99} }, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, temp := range []float32{0, 1e-3} {
				s := newSampler(t, Vocab{N: 4, EOG: []int32{2, 3}}, func(p *Params) { tt.change(p); p.Temp = temp })
				id, err := s.Sample(tt.logits)
				require.NoError(t, err)
				require.Equal(t, tt.want, id)
			}
		})
	}
}

func TestForbiddenTokensAreNeverDrawn(t *testing.T) {
	inf := float32(math.Inf(-1))
	s := newSampler(t, Vocab{N: 4}, func(p *Params) {
		p.MinKeep, p.TopK, p.MinP = 4, 0, 0.5
		p.LogitBias = map[int32]float32{0: inf, 3: inf}
	})
	for _, id := range generate(t, s, []float32{5, 1, 1, 5}, 1000) {
		require.Contains(t, []int32{1, 2}, id)
	}
}

func TestMinKeep(t *testing.T) {
	s := newSampler(t, Vocab{N: 6}, func(p *Params) { p.MinKeep, p.TopP, p.MinP, p.Temp = 3, 0.01, 0.99, 5 })
	got := generate(t, s, []float32{1, 2, 6, 5, 4, 3}, 500)
	slices.Sort(got)
	require.Equal(t, []int32{2, 3, 4}, slices.Compact(got))
}

func TestChainOrder(t *testing.T) {
	// If a high temperature is applied first, top-p keeps more tokens.
	logits := []float32{4, 2, 1, 0}
	kept := func(chain string) []int32 {
		names, err := ParseSamplers(chain)
		require.NoError(t, err)
		s := newSampler(t, Vocab{N: 4}, func(p *Params) { p.Samplers, p.Temp, p.TopP = names, 4, 0.8 })
		got := generate(t, s, logits, 500)
		slices.Sort(got)
		return slices.Compact(got)
	}
	require.Equal(t, []int32{0}, kept("top_p;temperature"))
	require.Equal(t, []int32{0, 1, 2}, kept("temperature;top_p"))
	require.Equal(t, []int32{0, 1, 2, 3}, kept(""))
}

func TestSampleLeavesTheLogitsAlone(t *testing.T) {
	logits := noise(500, 1)
	before := slices.Clone(logits)
	s := newSampler(t, Vocab{N: 500, EOG: []int32{3}}, func(p *Params) {
		p.RepeatPenalty, p.DRYMultiplier, p.TypicalP, p.IgnoreEOS = 2, 1, 0.9, true
	})
	generate(t, s, logits, 50)
	require.Equal(t, before, logits)
}

func TestSampleErrors(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	tests := []struct {
		name   string
		logits []float32
		target error
		want   string
	}{
		{"NaN", []float32{1, nan, 2}, ErrNotNumbers, "sampler: logits are not numbers: NaN at token 1 of 3"},
		{"all NaN", []float32{nan, nan, nan}, ErrNotNumbers, "sampler: logits are not numbers: NaN at token 0 of 3"},
		{"infinite", []float32{1, 2, inf}, ErrNotNumbers, "sampler: logits are not numbers: +Inf at token 2 of 3"},
		{"nothing left", []float32{-inf, -inf, -inf}, ErrNoToken,
			"sampler: no token is left to choose: the logits of all 3 are -Inf"},
		{"too few", []float32{1, 2}, nil, "sampler: 2 logits for a vocabulary of 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, temp := range []float32{0, 0.8} {
				s := newSampler(t, Vocab{N: 3}, func(p *Params) { p.Temp = temp })
				_, err := s.Sample(tt.logits)
				require.EqualError(t, err, tt.want)
				if tt.target != nil {
					require.ErrorIs(t, err, tt.target)
				}
				id, err := s.Sample([]float32{0, 0, 50})
				require.NoError(t, err, "the sampler must be usable after an error")
				require.Equal(t, int32(2), id)
			}
		})
	}
}

func TestSampleAllocatesNothing(t *testing.T) {
	logits := noise(5000, 2)
	for name, change := range map[string]func(*Params){
		"default": func(*Params) {},
		"all": func(p *Params) {
			p.RepeatPenalty, p.DRYMultiplier, p.TypicalP, p.TopK = 1.1, 1, 0.9, 0
			p.TopNSigma = 3
		},
		"mirostat": func(p *Params) { p.Mirostat = 1 },
	} {
		v := Vocab{N: len(logits), Piece: func(int32) string { return "x" }}
		s := newSampler(t, v, func(p *Params) { change(p); p.Ctx = 64 })
		generate(t, s, logits, 100)
		require.Zero(t, testing.AllocsPerRun(20, func() {
			id, _ := s.Sample(logits)
			s.Accept(id)
		}), name)
	}
}

func TestSeed(t *testing.T) {
	p := DefaultParams()
	a, err := New(p, Vocab{N: 9})
	require.NoError(t, err)
	b, err := New(p, Vocab{N: 9})
	require.NoError(t, err)
	require.NotEqual(t, a.Seed(), b.Seed(), "two random seeds must differ")
	p.Seed = a.Seed()
	c, err := New(p, Vocab{N: 9})
	require.NoError(t, err)
	logits := make([]float32, 9)
	require.Equal(t, generate(t, a, logits, 50), generate(t, c, logits, 50))
}

func TestAcceptIgnoresForeignTokens(t *testing.T) {
	s := newSampler(t, Vocab{N: 3}, func(p *Params) { p.RepeatPenalty, p.DRYMultiplier = 2, 1 })
	s.Accept(-1)
	s.Accept(3)
	generate(t, s, []float32{1, 2, 3}, 5)
}
