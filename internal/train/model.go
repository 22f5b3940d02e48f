package train

import (
	"alpaca/internal/ggml"
	"alpaca/internal/model"
	"alpaca/internal/quant/matmul"
)

// Tensor is a matrix [Rows, Cols] with a row for each output, or a vector. A vector has one row.
type Tensor[T real] struct {
	Name       string // as in a GGUF file
	Rows, Cols int
	Vector     bool
	Stack      int   // number of experts whose matrices or vectors lie one after the other; 0: no stack
	fixed      bool  // no update changes it: a constant of the model
	dims       []int // the shape in the base's file; if nil, the shape is Rows and Cols

	Data    []T            // [Rows, Cols]; nil if Weights is set
	Weights *matmul.Matrix // a frozen matrix, in the format of its file

	Grad []T // nil if frozen
	M, V []T // AdamW's first and second moments
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

// of returns member i of a stack. It shares the stack's memory.
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
// W is nil if the model has no such matrix.
type Linear[T real] struct {
	W, Bias *Tensor[T]
	A, B    *Tensor[T] // [rank, in], [out, rank]; nil: no adapter
	Scale   T
	table   bool   // the adapter of an embedding, whose A has a row per token: W[i] + Scale·B·A[i]
	site    uint64 // index among all linear layers, for dropout
}

// of returns the matrix of expert i.
func (l *Linear[T]) of(i int) *Linear[T] {
	return &Linear[T]{W: l.W.of(i), Bias: l.Bias.of(i)}
}

// Norm is the weights of RMSNorm or, with a Bias, of LayerNorm. W is nil if the model has
// no such norm.
type Norm[T real] struct{ W, Bias *Tensor[T] }

// trainable reports whether updates change n.
func (n *Norm[T]) trainable() bool { return n.W.Trainable() || n.Bias.Trainable() }

// Model is a model in training.
type Model[T real] struct {
	Config     model.Config
	Embed      *Tensor[T] // [Vocab, Dim]
	EmbedLoRA  Linear[T]  // the embedding's adapter: A [Vocab, rank] and B [Dim, rank]; W is Embed
	Output     *Tensor[T] // [Vocab, Dim]; the same tensor as Embed if they are tied
	OutputLoRA Linear[T]  // the output's adapter; W is Output
	OutputNorm Norm[T]
	Layers     []Layer[T]
	Inputs     LayerInputs[T] // empty unless layers have inputs of their own
	Rank       int            // the rank of the adapters; 0: there are none

	// ropes returns the parameters of the position embeddings for texts
	// of the given length in tokens. The result is indexed by model.Turn.
	ropes func(length int) [2]ggml.RopeParams
}

// Tied reports whether the embedding is the output matrix, too.
func (m *Model[T]) Tied() bool { return m.Embed == m.Output }

// Tensors returns all tensors in the order in which files have them. An adapter follows
// the tensor that it belongs to.
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

// eachLinear calls f for each matrix in the layers, with the index of its layer.
func (m *Model[T]) eachLinear(f func(layer int, x member[T])) {
	for i := range m.Layers {
		for _, x := range m.Layers[i].members() {
			if x.linear != nil {
				f(i, x)
			}
		}
	}
}

// Params returns the number of elements of all tensors together.
func Params[T real](tensors []*Tensor[T]) int {
	n := 0
	for _, t := range tensors {
		n += t.Rows * t.Cols
	}
	return n
}
