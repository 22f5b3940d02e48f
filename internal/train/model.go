package train

import (
	"alpaca/internal/ggml"
	"alpaca/internal/model"
	"alpaca/internal/quant/matmul"
)

// Tensor is a matrix [Rows, Cols], outputs as rows, or a vector, with Rows 1.
type Tensor[T real] struct {
	Name       string // as in a GGUF file
	Rows, Cols int
	Vector     bool
	Stack      int   // of matrices or vectors that lie one after the other, one for each expert; 0: it is none
	fixed      bool  // no update changes it: a constant of the model
	dims       []int // as the base's file has them; nil: those above

	Data    []T            // [Rows, Cols]; nil where Weights stand for it
	Weights *matmul.Matrix // of a frozen tensor, as they lie in a file

	Grad []T // nil if frozen
	M, V []T // AdamW's moments
}

// Trainable reports whether updates change t.
func (t *Tensor[T]) Trainable() bool { return t != nil && t.Grad != nil }

// train makes t trainable.
func (t *Tensor[T]) train() {
	if t != nil && t.Grad == nil && !t.fixed {
		n := t.Rows * t.Cols
		t.Grad, t.M, t.V = make([]T, n), make([]T, n), make([]T, n)
	}
}

// shape returns the dimensions of t in a file.
func (t *Tensor[T]) shape() []int {
	switch {
	case t.dims != nil:
		return t.dims
	case t.Vector:
		return []int{t.Cols}
	}
	return []int{t.Rows, t.Cols}
}

// of returns member i of a stack, whose memory is the stack's.
func (t *Tensor[T]) of(i int) *Tensor[T] {
	if t == nil {
		return nil
	}
	one := &Tensor[T]{Name: t.Name, Rows: t.Rows / t.Stack, Cols: t.Cols, Vector: t.Vector}
	if t.Vector {
		one.Rows, one.Cols = 1, t.Cols/t.Stack
	}
	n := one.Rows * one.Cols
	if t.Data != nil {
		one.Data = t.Data[i*n : (i+1)*n]
	}
	if t.Grad != nil {
		one.Grad = t.Grad[i*n : (i+1)*n]
	}
	if w := t.Weights; w != nil {
		one.Weights = new(matmul.Matrix)
		one.Weights.SetPart(w, i*one.Rows, (i+1)*one.Rows)
	}
	return one
}

// Linear is a matrix with an optional bias and an optional low-rank adapter:
//
//	y = W·x + Bias + Scale·B·(A·x)
//
// Where there is no such matrix, W is nil.
type Linear[T real] struct {
	W, Bias *Tensor[T]
	A, B    *Tensor[T] // [rank, in], [out, rank]; nil for none
	Scale   T
	table   bool   // of an embedding, whose A has a row for each token: W[i] + Scale·B·A[i]
	site    uint64 // for dropout: which of all linear layers this is
}

// of returns the matrix of expert i.
func (l *Linear[T]) of(i int) *Linear[T] {
	return &Linear[T]{W: l.W.of(i), Bias: l.Bias.of(i)}
}

// Norm is the weights of RMSNorm or, where there is a bias, of LayerNorm. Where there is
// no such norm, W is nil.
type Norm[T real] struct{ W, Bias *Tensor[T] }

// trainable reports whether updates change it.
func (n *Norm[T]) trainable() bool { return n.W.Trainable() || n.Bias.Trainable() }

// Model is a model in training.
type Model[T real] struct {
	Config     model.Config
	Embed      *Tensor[T] // [Vocab, Dim]
	EmbedLoRA  Linear[T]  // A [Vocab, rank] and B [Dim, rank] of the embedding's adapter, W is Embed
	Output     *Tensor[T] // [Vocab, Dim]; Embed where they are tied
	OutputLoRA Linear[T]  // the output's adapter, W is Output
	OutputNorm Norm[T]
	Layers     []Layer[T]
	Inputs     LayerInputs[T] // of models whose layers have inputs of their own
	Rank       int            // of the adapters, 0 for none

	// ropes returns the position embeddings of rows of that many tokens.
	ropes func(length int) [2]ggml.RopeParams
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
	add(m.Embed, m.EmbedLoRA.A, m.EmbedLoRA.B, m.Inputs.Tokens, m.Inputs.Proj.W, m.Inputs.Norm.W)
	for i := range m.Layers {
		for _, x := range m.Layers[i].members() {
			add(x.tensors()...)
		}
	}
	add(m.OutputNorm.W, m.OutputNorm.Bias)
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

// eachLinear calls f for the matrices of all layers that the model has, with their layers.
func (m *Model[T]) eachLinear(f func(layer int, x member[T])) {
	for i := range m.Layers {
		for _, x := range m.Layers[i].members() {
			if x.linear != nil {
				f(i, x)
			}
		}
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
