package open

import (
	"math"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/rows"
)

// change converts a tensor from the form of Hugging Face to that of GGUF. It may reorder rows or
// columns, add 1 to the weights of norms, and convert the elements to float32.
func (b *builder) change(s source, r *rows.Rows) *rows.Rows {
	t := s.tensor
	vector := t.IsVector() || s.bias
	if b.Arch.Reordered(t) {
		n := s.sizes.KeyDim
		if vector {
			r = r.PickCols(r.Cols, func(i int) int { return arch.PairRow(i, n) })
		} else {
			r = r.Pick(r.N, func(i int) int { return arch.PairRow(i, n) })
		}
	}
	if s.sizes.Delta && s.sizes.SSMHeads > 0 {
		r = valueHeads(s, r)
	}
	switch {
	case t.Role == arch.DeltaA && t.In == arch.DeltaLayers:
		return r.Map(func(v float32) float32 { return float32(-math.Exp(float64(v))) })
	case b.Arch.PlusOne(t) && !s.bias:
		return r.Map(func(v float32) float32 { return v + 1 })
	}
	return b.asFloats(s, r)
}

// asFloats returns r as F32 if the tensor must be F32 in GGUF: vectors, biases, norms,
// routers and the taps of convolutions.
func (b *builder) asFloats(s source, r *rows.Rows) *rows.Rows {
	t := s.tensor
	switch {
	case t.IsVector(), s.bias, t.Rows == arch.Single, strings.HasSuffix(t.File(), "_norm.weight"):
		return r.Map(nil)
	}
	switch t.Role {
	case arch.Router, arch.ConvTaps, arch.DeltaTaps:
		return r.Map(nil)
	}
	return r
}

// valueHeads returns r with the value heads of a gated delta rule in the order of GGUF.
func valueHeads(s source, r *rows.Rows) *rows.Rows {
	skip, byRow, byCol := s.tensor.ValueHeads(s.sizes)
	if !byRow && !byCol || s.bias || s.sizes.SSMHeads == s.sizes.SSMGroups {
		return r
	}
	count := r.N - skip
	if byCol {
		count = r.Cols - skip
	}
	n := count / s.sizes.SSMHeads // number of rows or columns of a head
	from := func(i int) int {
		if i < skip {
			return i
		}
		i -= skip
		return skip + s.sizes.ValueHead(i/n)*n + i%n
	}
	if byCol {
		return r.PickCols(r.Cols, from)
	}
	return r.Pick(r.N, from)
}
