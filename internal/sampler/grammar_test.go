package sampler

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// only is a grammar that allows only the tokens in the map.
type only map[int32]bool

func (g only) Allowed(id int32) bool { return g[id] }
func (g only) Accept(id int32) error { return nil }

func TestSampleWith(t *testing.T) {
	const n = 50
	logits := make([]float32, n)
	for i := range logits {
		logits[i] = float32(i%7) / 2
	}
	for _, temp := range []float32{0, 1} {
		p := DefaultParams()
		p.Temp, p.Seed, p.TopK = temp, 3, 5
		newSampler := func() *Sampler {
			s, err := New(p, Vocab{N: n})
			require.NoError(t, err)
			return s
		}
		// A grammar that allows every token does not change which random numbers are used.
		all := only{}
		for i := range int32(n) {
			all[i] = true
		}
		plain, with := newSampler(), newSampler()
		for range 20 {
			want, err := plain.Sample(logits)
			require.NoError(t, err)
			got, err := with.SampleWith(logits, all)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
		// The chain sees only allowed tokens, even if they are not among the likeliest.
		s := newSampler()
		for range 20 {
			id, err := s.SampleWith(logits, only{7: true, 14: true})
			require.NoError(t, err)
			require.Contains(t, []int32{7, 14}, id)
		}
		_, err := s.SampleWith(logits, only{})
		require.ErrorIs(t, err, ErrNoToken)
		require.ErrorContains(t, err, "the grammar allows no token")
	}
}

// lister adds the method List to the type called only.
type lister struct{ only }

func (g lister) List() []uint64 {
	list := make([]uint64, 2)
	for id := range g.only {
		list[id>>6] |= 1 << (id & 63)
	}
	return list
}

// TestListed checks that a grammar which lists its tokens leads to the same choices, with the
// same random numbers, as a grammar that is asked about each token.
func TestListed(t *testing.T) {
	const n = 100
	r := rand.New(rand.NewPCG(5, 0))
	for i := range 300 {
		p := DefaultParams()
		p.Seed, p.Temp, p.TopK, p.IgnoreEOS = uint32(i), float32(i%3), r.IntN(12), i%2 == 0
		p.RepeatPenalty, p.XTCProbability, p.DRYMultiplier = 1+float32(i%2), float32(i%5)/8, float32(i%3)
		p.LogitBias = map[int32]float32{int32(r.IntN(n)): 3, int32(r.IntN(n)): float32(math.Inf(-1)), int32(r.IntN(n)): -2}
		if i%7 == 0 {
			p.Mirostat = 2
		}
		var s [2]*Sampler
		for j := range s {
			var err error
			s[j], err = New(p, Vocab{N: n, EOG: []int32{1}})
			require.NoError(t, err)
		}
		allowed := only{}
		for range r.IntN(30) {
			allowed[int32(r.IntN(n))] = true
		}
		logits := make([]float32, n)
		for range 20 {
			for j := range logits {
				if logits[j] = r.Float32() * 8; r.IntN(20) == 0 {
					logits[j] = float32(math.Inf(-1))
				}
			}
			want, wantErr := s[0].SampleWith(logits, allowed)
			got, err := s[1].SampleWith(logits, lister{allowed})
			require.Equal(t, fmt.Sprint(wantErr), fmt.Sprint(err))
			require.Equal(t, want, got)
			if err == nil {
				s[0].Accept(want)
				s[1].Accept(got)
			}
		}
	}
}
