package peft

import (
	"alpaca/internal/arch"
)

// ordered returns a pair's matrices, with the rows of B and the columns of A in GGUF's
// order.
func (r *reader) ordered(p arch.Place, s *arch.Sizes, a, b []float32, rank int) (newA, newB []float32) {
	t := p.Tensor
	if r.base.Arch.Reordered(t) {
		b = pick(b, rank, func(row int) int { return arch.PairRow(row, s.KeyDim) })
	}
	skip, rows, cols := t.ValueHeads(s)
	if !rows && !cols {
		return a, b
	}
	order := valueOrder(s, t, skip)
	if rows {
		b = pick(b, rank, order)
	}
	if cols {
		n := len(a) / rank
		reordered := make([]float32, len(a))
		for k := range rank {
			for j := range n {
				reordered[k*n+j] = a[k*n+order(j)]
			}
		}
		a = reordered
	}
	return a, b
}

// valueOrder handles a matrix of the gated delta rule whose rows or columns
// belong to heads of values. It returns a function that maps the index of a
// row or column in GGUF to its index in Hugging Face's order. The first
// skip indices do not belong to heads of values and stay as they are.
func valueOrder(s *arch.Sizes, t *arch.Tensor, skip int) func(i int) int {
	n := s.Of(arch.DeltaValue) // number of rows or columns of a head
	switch t.Role {
	case arch.DeltaAlpha, arch.DeltaBeta:
		n = 1
	}
	return func(i int) int {
		if i < skip {
			return i
		}
		i -= skip
		return skip + s.ValueHead(i/n)*n + i%n
	}
}

// pick returns the rows of x [rows, cols] in another order: row i is row from(i) of x.
func pick(x []float32, cols int, from func(i int) int) []float32 {
	out := make([]float32, len(x))
	for i := range len(x) / cols {
		copy(out[i*cols:(i+1)*cols], x[from(i)*cols:])
	}
	return out
}
