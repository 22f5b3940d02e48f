package train

import (
	"context"
	"slices"
	"time"

	"alpaca/internal/ggml/sgemm"
	"alpaca/internal/pool"
)

// Measured is how fast updates are.
type Measured struct {
	Params  int
	Tokens  int // of an update
	Updates []time.Duration

	TokensPerSecond float64 // of the median update
	GFLOPSPerCore   float64 // of a thread
	ShareOfPeak     float64 // of what products reach from the first cache, measured before
}

// Measure makes updates of all weights of a new model of that shape, of rows of length
// tokens that are all learned, and returns how fast they were. The first is not counted.
func Measure(ctx context.Context, s Shape, rows, length, updates int, p *pool.Pool) (*Measured, error) {
	m := New[float32](s, true, 1)
	docs := make([]Example, rows)
	for i := range docs {
		for j := range length {
			docs[i].Tokens = append(docs[i].Tokens, int32(hash(uint64(i), uint64(j))%uint64(s.Vocab)))
			docs[i].Weights = append(docs[i].Weights, 1)
		}
	}
	t, err := NewTrainer(m, Settings{
		Plan:     Plan{BatchRows: rows, MaxLength: length, Updates: updates + 1},
		Schedule: Schedule{Kind: "constant", Peak: 1e-3},
		AdamW:    AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Clip: 1},
	}, docs, p)
	if err != nil {
		return nil, err
	}
	peak := sgemm.Peak()
	r := &Measured{Params: Params(m.Tensors()), Tokens: rows * length}
	for i := 0; !t.Done(); i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		start := time.Now()
		if _, err := t.Step(); err != nil {
			return nil, err
		}
		if i > 0 {
			r.Updates = append(r.Updates, time.Since(start))
		}
	}
	sorted := slices.Sorted(slices.Values(r.Updates))
	median := sorted[len(sorted)/2].Seconds()
	r.TokensPerSecond = float64(r.Tokens) / median
	r.GFLOPSPerCore = m.FLOPs(r.Tokens, r.Tokens, length) / median / 1e9 / float64(p.Threads())
	r.ShareOfPeak = r.GFLOPSPerCore * 1e9 / peak
	return r, nil
}
