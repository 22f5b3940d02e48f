package model_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// TestRandomShapes checks models with random sizes, whose matrices have random types.
func TestRandomShapes(t *testing.T) {
	seeds := 40
	if testing.Short() {
		seeds = 10
	}
	for seed := range uint64(seeds) {
		r := rand.New(rand.NewPCG(seed, 7))
		of := func(list ...int) int { return list[r.IntN(len(list))] }
		kvHeads := of(1, 2, 3)
		s := shape{
			seed: seed, layers: of(1, 2), kvHeads: kvHeads, heads: kvHeads * of(1, 2, 4), keyDim: of(8, 22, 32, 64),
			valueDim: of(8, 24, 32, 40), dim: of(36, 44, 64, 96, 256, 768), ffn: of(20, 96, 172, 256, 288, 512), vocab: of(1, 33, 100),
			tied: r.IntN(2) == 0, biases: r.IntN(2) == 0,
			pick: func(cols int) quant.Type {
				for {
					if t := quant.Type(r.IntN(42)); (quant.CanEncode(t) || t == quant.F32) && cols%t.BlockLen() == 0 {
						return t
					}
				}
			},
		}
		if r.IntN(3) == 0 {
			s.experts = of(2, 5)
			s.used = 1 + r.IntN(s.experts)
			s.splitExperts = r.IntN(2) == 0
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			m := s.load(t)
			tokens := s.prompt(37)
			k, v := quant.F16, quant.F32
			if s.keyDim%32 == 0 && seed%2 == 0 {
				k = []quant.Type{quant.Q8_0, quant.Q5_1, quant.Q5_0, quant.Q4_1, quant.Q4_0}[seed/2%5]
			}
			var want []float32
			for i, how := range []struct{ threads, batch int }{{1, 1}, {2, 64}, {5, 7}} {
				got := allLogits(t, session(t, m, model.SessionOptions{Threads: how.threads, Batch: how.batch, CacheK: &k, CacheV: &v}), tokens)
				if i == 0 {
					want = got
				}
				require.Equal(t, hash(want), hash(got), "%+v: %d threads, batch %d", s, how.threads, how.batch)
			}
		})
	}
}
