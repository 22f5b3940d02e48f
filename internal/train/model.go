package train

import (
	"slices"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
)

// Shape is what a model looks like.
type Shape struct {
	Arch    string // general.architecture
	Dim     int
	Layers  int
	FFNDim  int
	Vocab   int
	Ctx     int // tokens
	Heads   int
	KVHeads int
	HeadDim int
	Eps     float32 // of RMSNorm
	Rope    ggml.RopeParams
}

// Tensor is a matrix [Rows, Cols], outputs as rows, or a vector, with Rows 1.
type Tensor[T real] struct {
	Name       string // as in a GGUF file
	Rows, Cols int
	Vector     bool

	Data    []T           // [Rows, Cols]; nil where Weights stand for it
	Weights *quant.Matrix // of a frozen tensor, as they lie in a file

	Grad []T // nil if frozen
	M, V []T // AdamW's moments
}

// Trainable reports whether updates change t.
func (t *Tensor[T]) Trainable() bool { return t != nil && t.Grad != nil }

// train makes t trainable.
func (t *Tensor[T]) train() {
	if t != nil && t.Grad == nil {
		n := t.Rows * t.Cols
		t.Grad, t.M, t.V = make([]T, n), make([]T, n), make([]T, n)
	}
}

// Linear is a matrix with an optional bias and an optional low-rank adapter:
//
//	y = W·x + Bias + Scale·B·(A·x)
type Linear[T real] struct {
	W, Bias *Tensor[T]
	A, B    *Tensor[T] // [rank, in], [out, rank]; nil for none
	Scale   T
	table   bool   // of an embedding, whose A has a row for each token: W[i] + Scale·B·A[i]
	site    uint64 // for dropout: which of all linear layers this is
}

// Layer is the weights of one layer; QNorm and KNorm are nil for most models.
type Layer[T real] struct {
	AttnNorm, FFNNorm, QNorm, KNorm *Tensor[T]
	Q, K, V, O, Gate, Up, Down      Linear[T]
}

// linears returns the linear layers by the names that GGUF gives them.
func (l *Layer[T]) linears() []*Linear[T] {
	return []*Linear[T]{&l.Q, &l.K, &l.V, &l.O, &l.Gate, &l.Up, &l.Down}
}

// headNorms reports whether a layer has norms of queries and keys.
func (m *Model[T]) headNorms() bool {
	return slices.ContainsFunc(m.Layers, func(l Layer[T]) bool { return l.QNorm != nil })
}

// Model is a model in training.
type Model[T real] struct {
	Shape
	Embed      *Tensor[T] // [Vocab, Dim]
	EmbedLoRA  Linear[T]  // A [Vocab, rank] and B [Dim, rank] of the embedding's adapter, W is Embed
	Output     *Tensor[T] // [Vocab, Dim]; Embed where they are tied
	OutputLoRA Linear[T]  // the output's adapter, W is Output
	OutputNorm *Tensor[T]
	Layers     []Layer[T]
	Rank       int // of the adapters, 0 for none
}

// Tied reports whether the embedding is the output matrix, too.
func (m *Model[T]) Tied() bool { return m.Embed == m.Output }

// Tensors returns all tensors in the order of the file that is written, adapters after
// the tensor that they belong to.
func (m *Model[T]) Tensors() []*Tensor[T] {
	var list []*Tensor[T]
	add := func(tensors ...*Tensor[T]) {
		for _, t := range tensors {
			if t != nil {
				list = append(list, t)
			}
		}
	}
	add(m.Embed, m.EmbedLoRA.A, m.EmbedLoRA.B)
	for i := range m.Layers {
		l := &m.Layers[i]
		add(l.AttnNorm)
		for _, lin := range l.linears() {
			if lin == &l.Gate {
				add(l.QNorm, l.KNorm, l.FFNNorm)
			}
			add(lin.W, lin.Bias, lin.A, lin.B)
		}
	}
	add(m.OutputNorm)
	if !m.Tied() {
		add(m.Output)
	}
	add(m.OutputLoRA.A, m.OutputLoRA.B)
	return list
}

// Trainable returns the tensors that updates change, in the order of Tensors.
func (m *Model[T]) Trainable() []*Tensor[T] {
	var list []*Tensor[T]
	for _, t := range m.Tensors() {
		if t.Trainable() {
			list = append(list, t)
		}
	}
	return list
}

// TrainAll makes all tensors trainable.
func (m *Model[T]) TrainAll() {
	for _, t := range m.Tensors() {
		t.train()
	}
}

// Params returns how many numbers tensors have.
func Params[T real](tensors []*Tensor[T]) int {
	n := 0
	for _, t := range tensors {
		n += t.Rows * t.Cols
	}
	return n
}
