package train

import (
	"math/rand/v2"
	"testing"

	"alpaca/internal/ggml"
	"alpaca/internal/pool"
	"alpaca/internal/train/random"
)

// BenchmarkStep measures an update of a model of 3 million weights with 16 rows of 256 tokens.
func BenchmarkStep(b *testing.B) {
	s := Shape{Dim: 192, Layers: 6, FFNDim: 512, Vocab: 2048, Ctx: 256, Heads: 6, KVHeads: 6, HeadDim: 32, Eps: 1e-5,
		Rope: ggml.RopeParams{Dim: 32, Base: 10000}}
	pool := pool.New(1, nil)
	defer pool.Close()
	m := New[float32](s, true, 1)
	e, _ := newEngine(m, pool, s.Ctx)
	r := rand.New(rand.NewPCG(1, 2))
	var batches []Batch
	for range 4 {
		var batch Batch
		for range 4 {
			var ex Example
			for range 257 {
				ex.Tokens, ex.Weights = append(ex.Tokens, int32(r.IntN(s.Vocab))), append(ex.Weights, 1)
			}
			batch.Add(0, []Example{ex})
		}
		batches = append(batches, batch)
	}
	o := AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Clip: 1}
	tensors := m.Trainable()
	for b.Loop() {
		for i := range batches {
			e.forward(&batches[i])
			e.loss(4096, true)
			e.backward()
		}
		e.finishEmbedding()
		update(&e.workers, &o, tensors, gradNorm(&e.workers, tensors), 1e-3)
	}
	b.ReportMetric(4*1024*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// BenchmarkLoRA measures an update of adapters of rank 16 on all matrices of a model with the
// shape of SmolLM2-135M, with 4 rows of 256 tokens.
func BenchmarkLoRA(b *testing.B) {
	s := Shape{Dim: 576, Layers: 30, FFNDim: 1536, Vocab: 49152, Ctx: 256, Heads: 9, KVHeads: 3, HeadDim: 64, Eps: 1e-5,
		Rope: ggml.RopeParams{Dim: 64, Base: 10000}}
	pool := pool.New(1, nil)
	defer pool.Close()
	m := New[float32](s, true, 1)
	m.AddLoRA(LoRA{Rank: 16, Alpha: 32}, onLinears)
	e, _ := newEngine(m, pool, s.Ctx)
	var batch Batch
	for row := range 4 {
		var ex Example
		for i := range 256 {
			ex.Tokens, ex.Weights = append(ex.Tokens, int32(random.Hash(uint64(row), uint64(i))%uint64(s.Vocab))), append(ex.Weights, 1)
		}
		batch.Add(0, []Example{ex})
	}
	o := AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Clip: 1}
	tensors := m.Trainable()
	for b.Loop() {
		e.forward(&batch)
		e.loss(1020, true)
		e.backward()
		update(&e.workers, &o, tensors, gradNorm(&e.workers, tensors), 1e-3)
	}
	b.ReportMetric(1024*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}

// BenchmarkShort measures an update of a model of 1.3 million weights with 16 rows of 128 tokens.
// A row holds several short documents. Only the second half of each document has labels.
func BenchmarkShort(b *testing.B) {
	s := Shape{Dim: 128, Layers: 6, FFNDim: 352, Vocab: 1024, Ctx: 256, Heads: 4, KVHeads: 4, HeadDim: 32, Eps: 1e-5,
		Rope: ggml.RopeParams{Dim: 32, Base: 10000}}
	pool := pool.New(1, nil)
	defer pool.Close()
	m := New[float32](s, true, 1)
	e, _ := newEngine(m, pool, s.Ctx)
	r := rand.New(rand.NewPCG(1, 2))
	var batches []Batch
	tokens, labels := 0, 0
	for range 2 {
		var batch Batch
		for row := range 8 {
			var list []Example
			for left := 128; left > 4; {
				n := min(left, 8+r.IntN(16)+r.IntN(16)/15*60)
				var ex Example
				for i := range n {
					ex.Tokens, ex.Weights = append(ex.Tokens, int32(r.IntN(s.Vocab))), append(ex.Weights, float32(2*i/n))
				}
				list = append(list, ex)
				tokens, labels, left = tokens+n, labels+(n+1)/2, left-n
			}
			batch.Add(uint64(row), list)
		}
		batches = append(batches, batch)
	}
	o := AdamW{Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Clip: 1}
	tensors := m.Trainable()
	for b.Loop() {
		for i := range batches {
			e.forward(&batches[i])
			e.loss(float64(labels), true)
			e.backward()
		}
		e.finishEmbedding()
		update(&e.workers, &o, tensors, gradNorm(&e.workers, tensors), 1e-3)
	}
	b.ReportMetric(float64(tokens)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
}
