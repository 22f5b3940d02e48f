package train

import (
	"context"
	"slices"
	"time"

	"alpaca/internal/ggml/sgemm"
	"alpaca/internal/pool"
	"alpaca/internal/train/plan"
	"alpaca/internal/train/random"
)

// Memory estimates the bytes that a run needs, without weights that stay in files. It
// counts the weights in float32, another 12 bytes for each trained weight, the numbers that
// are kept for the backward pass of a micro-batch, and the head's logits. maxLength is the
// largest number of tokens in a row. micro is the number of rows that go through the model
// at once. If micro is 0, these rows have about 512 or 1024 tokens together. With
// checkpointing, the run keeps only the inputs of all layers, and all numbers of one layer.
func (m *Model[T]) Memory(maxLength, micro int, checkpointing bool) int64 {
	n := int64(max(m.microTokens(), maxLength))
	if micro > 0 {
		n = int64(micro * maxLength)
	}
	var bytes, widest int64
	for _, t := range m.Tensors() {
		size := int64(t.Rows * t.Cols)
		if t.Data != nil {
			bytes += 4 * size
		}
		if t.Trainable() {
			bytes += 12 * size
		}
	}
	var kept, layer, scratch int64
	for i := range m.Layers {
		of := int64(m.Layers[i].kept(m))
		kept, layer = kept+of, max(layer, of)
	}
	for _, f := range new(memory[T]).fields(m) {
		scratch, widest = scratch+int64(f.cols), max(widest, int64(f.cols))
	}
	if scratch += widest; checkpointing {
		kept = int64(len(m.Layers)*m.Config.Dim) + layer
	}
	return bytes + 4*n*(kept+scratch) + min(headBytes, 4*n*int64(m.Config.VocabSize))
}

// FLOPs returns the number of floating-point operations of training. tokens is the number of
// tokens, and labels is the number of tokens that go through the head. For each token, a weight
// costs two operations in the forward pass, two for the gradient of the input and, if the
// weight is trained, two for its own gradient. length is the number of tokens in a row, which
// determines the operations of attention. They are counted as if attention were not causal.
func (m *Model[T]) FLOPs(tokens, labels, length int) float64 {
	var perToken float64
	add := func(t *Tensor[T], times float64) {
		if t == nil || t.Vector {
			return
		}
		n := float64(t.Rows) * float64(t.Cols)
		perToken += 4 * n * times
		if t.Trainable() {
			perToken += 2 * n * times
		}
	}
	m.eachLinear(func(_ int, x member[T]) {
		times := 1.0
		if l := x.linear; l.W != nil {
			if l.W.Stack > 0 { // a token uses only some of the experts
				times = float64(m.Config.NumUsed) / float64(l.W.Stack)
			}
			add(l.W, times)
			add(l.A, 1)
			add(l.B, 1)
		}
	})
	add(m.EmbedLoRA.B, 1)
	head := float64(labels) / float64(max(tokens, 1))
	add(m.Output, head)
	add(m.OutputLoRA.A, head)
	add(m.OutputLoRA.B, head)
	for i := range m.Layers {
		l := &m.Layers[i].Shape
		seen := length
		if l.Window > 0 {
			seen = min(seen, l.Window)
		}
		perToken += 6 * float64(seen) * float64(l.NumHeads*(l.KeyDim+l.ValueDim))
	}
	return perToken * float64(tokens)
}

// Speed measures float32 matrix products on one core and returns operations per second.
func Speed() float64 {
	const m, n, k = 252, 256, 256
	p := sgemm.Product{Dst: make([]float32, m*n), DstStride: n, M: m, N: n, K: k, A: sgemm.Rows(make([]float32, m*k), k), B: sgemm.Rows(make([]float32, k*n), n)}
	var s sgemm.Scratch
	p.Run(&s)
	best := time.Duration(1 << 62)
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		from := time.Now()
		p.Run(&s)
		best = min(best, max(time.Since(from), 1))
	}
	return 2 * m * n * k / best.Seconds()
}

// Measured is the speed of updates.
type Measured struct {
	Params  int
	Tokens  int // number of tokens in an update
	Updates []time.Duration

	TokensPerSecond float64 // tokens per second in the median update
	GFLOPSPerCore   float64 // GFLOP/s per thread
	ShareOfPeak     float64 // GFLOPSPerCore as a fraction of sgemm.Peak
}

// Measure trains all weights of a new model of shape s for some updates and returns their speed.
// An update has the given number of rows. Each row has length tokens, which are all labels. The
// first update is not timed.
func Measure(ctx context.Context, s Shape, rows, length, updates int, p *pool.Pool) (*Measured, error) {
	m := New[float32](s, true, 1)
	docs := make([]Example, rows)
	for i := range docs {
		for j := range length {
			docs[i].Tokens = append(docs[i].Tokens, int32(random.Hash(uint64(i), uint64(j))%uint64(s.Vocab)))
			docs[i].Weights = append(docs[i].Weights, 1)
		}
	}
	t, err := NewTrainer(m, Settings{
		Plan:     plan.Plan{BatchRows: rows, MaxLength: length, Updates: updates + 1},
		Schedule: plan.Schedule{Kind: "constant", Peak: 1e-3},
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
