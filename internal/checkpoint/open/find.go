package open

import (
	"fmt"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/weights"
)

// stored is a tensor of the checkpoint. It may also
// be several tensors that form one tensor in GGUF.
type stored struct {
	name  string // name of the first tensor
	typ   string // how the checkpoint stores the tensor
	shape []int
	rows  *rows.Rows
}

// tensor returns the tensor of the checkpoint with the given
// name, or nil if there is none. name lacks the model's prefix.
func (b *builder) tensor(name string) *weights.Tensor {
	all := b.folder.Shards[0]
	for _, prefix := range prefixes {
		if t := all[prefix+name]; t != nil {
			b.used[t.Name] = true
			return t
		}
	}
	return nil
}

// prefixes are the possible prefixes of a tensor's name.
var prefixes = []string{"model.", "", "model.language_model.", "language_model.model.", "language_model.", "model.language_model.model.", "model.text_model."}

// find returns the tensor of a Hugging Face checkpoint that becomes s in GGUF, or nil if there is
// none.
func (b *builder) find(s source) (*stored, error) {
	t := s.tensor
	if t.HF != "" {
		x, err := b.named(s)
		if x != nil || err != nil {
			return x, err
		}
	}
	if t.Stacked != nil {
		return b.fused(s)
	}
	return nil, nil
}

// named finds the tensor that becomes s by its name. If GGUF stacks several tensors of
// the checkpoint, one for each expert or row, named finds all of them and stacks them.
func (b *builder) named(s source) (*stored, error) {
	parts := s.sizes.NumExperts
	if s.tensor.Stack == arch.One {
		if !s.tensor.ByRows() {
			return b.matrix(s.tensor.HFName(s.layer, -1, s.bias))
		}
		parts = s.sizes.Of(s.tensor.Rows)
	}
	var list []*stored
	for e := range parts {
		x, err := b.matrix(s.tensor.HFName(s.layer, e, s.bias))
		switch {
		case err != nil:
			return nil, err
		case x == nil && e == 0:
			return nil, nil
		case x == nil:
			return nil, fmt.Errorf("tensor %q, which becomes a part of %q, is missing", s.tensor.HFName(s.layer, e, s.bias), s.name())
		case e > 0 && !slices.Equal(x.shape, list[0].shape):
			return nil, fmt.Errorf("tensor %q has the shape %d, but the first one has %d", x.name, x.shape, list[0].shape)
		}
		list = append(list, x)
	}
	return stack(list), nil
}

// stack stacks the matrices of experts, or rows.
func stack(list []*stored) *stored {
	first := list[0]
	all := make([]*rows.Rows, len(list))
	alike := true
	for i, x := range list {
		all[i] = x.rows
		alike = alike && x.rows.Type == first.rows.Type
	}
	if !alike {
		for i := range all {
			all[i] = all[i].Map(nil)
		}
	}
	return &stored{first.name, first.typ, append([]int{len(list)}, first.shape...), rows.Stack(all)}
}

// fused finds the stacked matrices of all experts in a tensor that may also hold other
// matrices.
func (b *builder) fused(s source) (*stored, error) {
	k := s.tensor.Stacked
	if s.bias {
		return b.fusedBias(s)
	}
	name := arch.StackedName(s.layer, k.Name)
	x, err := b.blocks(name)
	transposed := false
	if x == nil && err == nil {
		if x, err = b.matrix(name); x == nil && err == nil {
			x, err = b.matrix(name + ".weight")
		}
		transposed = k.Transposed
	}
	if x == nil || err != nil {
		return nil, err
	}
	if len(x.shape) != 3 {
		return nil, fmt.Errorf("tensor %q has the shape %d, want three dimensions", x.name, x.shape)
	}
	r, n, cols := x.rows, x.shape[1], x.shape[2]
	if transposed {
		r = r.Transpose(n)
		n, cols = cols, n
	}
	if k.Rows != arch.AllRows && n%2 != 0 {
		return nil, fmt.Errorf("tensor %q has the shape %d, want two matrices of the same size", x.name, x.shape)
	}
	shape := []int{x.shape[0], share(k.Rows, n), cols}
	return &stored{x.name, x.typ, shape, part(r, k.Rows, n)}, nil
}

// share returns how many of a matrix's n rows belong to the share s.
func share(s arch.Share, n int) int {
	if s == arch.AllRows {
		return n
	}
	return n / 2
}

// part takes the rows that belong to share s from each matrix in r. A matrix has n rows.
func part(r *rows.Rows, s arch.Share, n int) *rows.Rows {
	if s == arch.AllRows {
		return r
	}
	m := n / 2
	return r.Pick(r.N/2, func(i int) int {
		matrix, row := i/m, i%m
		return matrix*n + place(s, row, m)
	})
}

// place returns which row of a matrix is the given row of its
// share s. The share has m rows, and the matrix has 2m rows.
func place(s arch.Share, row, m int) int {
	switch s {
	case arch.LastHalf:
		return m + row
	case arch.EvenRows:
		return 2 * row
	case arch.OddRows:
		return 2*row + 1
	}
	return row
}

// fusedBias finds the biases of the matrices that fused finds.
func (b *builder) fusedBias(s source) (*stored, error) {
	k := s.tensor.Stacked
	if k.Bias == "" {
		return nil, nil
	}
	x, err := b.matrix(arch.StackedName(s.layer, k.Bias))
	if x == nil || err != nil || k.Rows == arch.AllRows {
		return x, err
	}
	if len(x.shape) != 2 || x.shape[1]%2 != 0 {
		return nil, fmt.Errorf("tensor %q has the shape %d, want two dimensions, of which the last is even", x.name, x.shape)
	}
	m := x.shape[1] / 2
	return &stored{x.name, x.typ, []int{x.shape[0], m}, x.rows.PickCols(m, func(i int) int { return place(k.Rows, i, m) })}, nil
}
