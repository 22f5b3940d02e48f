package sampler

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// only is a grammar of some tokens.
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
		// What is allowed anyway takes the same random numbers.
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
		// Beyond the likeliest, too: the chain looks at what is allowed alone.
		s := newSampler()
		for range 20 {
			id, err := s.SampleWith(logits, only{7: true, 14: true})
			require.NoError(t, err)
			require.Contains(t, []int32{7, 14}, id)
		}
		_, err := s.SampleWith(logits, only{})
		require.ErrorIs(t, err, ErrNoToken)
		require.ErrorContains(t, err, "the grammar allows none")
	}
}
