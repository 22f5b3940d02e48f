package sampler

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// noise returns n random logits, which are distributed
// roughly like the logits of a model. They depend on seed.
func noise(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 1))
	logits := make([]float32, n)
	for i := range logits {
		logits[i] = float32(r.NormFloat64() * 3)
	}
	return logits
}

func BenchmarkSample(b *testing.B) {
	everything := DefaultParams()
	everything.RepeatPenalty, everything.DRYMultiplier = 1.1, 0.8
	noTopK := DefaultParams()
	noTopK.TopK = 0
	greedy := DefaultParams()
	greedy.Temp = 0
	typical := noTopK
	typical.TypicalP = 0.9
	mirostat := DefaultParams()
	mirostat.Mirostat = 2
	for _, bm := range []struct {
		name string
		p    Params
	}{
		{"default", DefaultParams()}, {"penalties+dry", everything}, {"no top-k", noTopK},
		{"typical", typical}, {"mirostat", mirostat}, {"greedy", greedy},
	} {
		b.Run(bm.name, func(b *testing.B) {
			const n = 128_256
			bm.p.Seed, bm.p.Ctx = 1, 4096
			s, err := New(bm.p, Vocab{N: n})
			require.NoError(b, err)
			logits := noise(n, 7)
			b.ReportAllocs()
			for b.Loop() {
				id, err := s.Sample(logits)
				require.NoError(b, err)
				s.Accept(id)
			}
		})
	}
}
