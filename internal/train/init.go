package train

import (
	"fmt"
	"math"
)

// New returns a model of that shape with random weights, all trainable: normally
// distributed with a standard deviation of 0.02, those that add to the hidden state with
// 0.02/√(2·Layers) (GPT-2's), norms 1.
func New[T real](s Shape, tied bool, seed uint64) *Model[T] {
	m := &Model[T]{Shape: s, Layers: make([]Layer[T], s.Layers)}
	small := 0.02 / math.Sqrt(2*float64(s.Layers))
	m.Embed = random[T]("token_embd.weight", s.Vocab, s.Dim, 0.02, seed)
	for i := range m.Layers {
		name := func(n string) string { return fmt.Sprintf("blk.%d.%s.weight", i, n) }
		matrix := func(n string, rows, cols int, deviation float64) Linear[T] {
			return Linear[T]{W: random[T](name(n), rows, cols, deviation, seed)}
		}
		m.Layers[i] = Layer[T]{
			AttnNorm: ones[T](name("attn_norm"), s.Dim),
			Q:        matrix("attn_q", s.Heads*s.HeadDim, s.Dim, 0.02),
			K:        matrix("attn_k", s.KVHeads*s.HeadDim, s.Dim, 0.02),
			V:        matrix("attn_v", s.KVHeads*s.HeadDim, s.Dim, 0.02),
			O:        matrix("attn_output", s.Dim, s.Heads*s.HeadDim, small),
			FFNNorm:  ones[T](name("ffn_norm"), s.Dim),
			Gate:     matrix("ffn_gate", s.FFNDim, s.Dim, 0.02),
			Up:       matrix("ffn_up", s.FFNDim, s.Dim, 0.02),
			Down:     matrix("ffn_down", s.Dim, s.FFNDim, small),
		}
	}
	m.OutputNorm = ones[T]("output_norm.weight", s.Dim)
	m.Output = m.Embed
	if !tied {
		m.Output = random[T]("output.weight", s.Vocab, s.Dim, 0.02, seed)
	}
	m.sites()
	m.TrainAll()
	return m
}

// random returns a matrix of normally distributed numbers.
func random[T real](name string, rows, cols int, deviation float64, seed uint64) *Tensor[T] {
	t := &Tensor[T]{Name: name, Rows: rows, Cols: cols, Data: make([]T, rows*cols)}
	base := hash(seed, forInit, text(name))
	for i := range t.Data {
		t.Data[i] = T(deviation * normal(mix(base+2*uint64(i)), mix(base+2*uint64(i)+1)))
	}
	return t
}

// ones returns a vector of ones.
func ones[T real](name string, n int) *Tensor[T] {
	t := &Tensor[T]{Name: name, Rows: 1, Cols: n, Vector: true, Data: make([]T, n)}
	for i := range t.Data {
		t.Data[i] = 1
	}
	return t
}

// sites numbers the linear layers.
func (m *Model[T]) sites() {
	n := uint64(0)
	for i := range m.Layers {
		for _, l := range m.Layers[i].linears() {
			n++
			l.site = n
		}
	}
}

// Freeze makes no tensor trainable.
func (m *Model[T]) Freeze() {
	for _, t := range m.Tensors() {
		t.Grad, t.M, t.V = nil, nil, nil
	}
}

// AddLoRA freezes the model and puts trainable adapters of a rank on the linear layers
// for which wanted says so by name, such as "attn_q". A is uniform in ±1/√in, as PyTorch
// initializes a linear layer, and B is 0, so that nothing changes at first. The scale is
// alpha/rank or, rank-stabilized, alpha/√rank (arXiv:2312.03732).
func (m *Model[T]) AddLoRA(o LoRA, wanted func(name string) bool) {
	m.Freeze()
	m.Rank = o.Rank
	for i := range m.Layers {
		for j, l := range m.Layers[i].linears() {
			if !wanted(linearNames[j]) {
				continue
			}
			l.A = &Tensor[T]{Name: l.W.Name + ".lora_a", Rows: o.Rank, Cols: l.W.Cols, Data: make([]T, o.Rank*l.W.Cols)}
			l.B = &Tensor[T]{Name: l.W.Name + ".lora_b", Rows: l.W.Rows, Cols: o.Rank, Data: make([]T, o.Rank*l.W.Rows)}
			l.Scale = T(o.scale())
			base, bound := hash(o.Seed, forInit, text(l.A.Name)), 1/math.Sqrt(float64(l.W.Cols))
			for e := range l.A.Data {
				l.A.Data[e] = T((2*uniform(mix(base+uint64(e))) - 1) * bound)
			}
			l.A.train()
			l.B.train()
		}
	}
}

// LoRA says how adapters are made.
type LoRA struct {
	Rank   int
	Alpha  float64
	Stable bool // rank-stabilized
	Seed   uint64
}

func (o LoRA) scale() float64 {
	if o.Stable {
		return o.Alpha / math.Sqrt(float64(o.Rank))
	}
	return o.Alpha / float64(o.Rank)
}

// linearNames are the names of Layer.linears in GGUF files.
var linearNames = []string{"attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"}
