package gguf

import (
	"fmt"

	"alpaca/internal/arch"
	"alpaca/internal/quant"
)

// The shapes of these tensors determine the sizes that a file does not store as numbers.
var (
	firstKeys = arch.LayerPrefix(0) + arch.AttnK.Weight()
	firstGate = arch.LayerPrefix(0) + arch.FFNGate.Weight()
)

// joinLegacy joins the parts of a model and returns its whole tensors. It checks
// the shapes. Each tensor gets a source, from which its data can be loaded.
func joinLegacy(parts []*legacyFile) ([]Tensor, error) {
	first := parts[0]
	if len(first.order) == 0 {
		return nil, nil // a vocabulary alone
	}
	sizes, err := first.sizes(len(parts))
	if err != nil {
		return nil, err
	}
	plane := first.isPlane()
	tensors := make([]Tensor, 0, len(first.order))
	for _, name := range first.order {
		t, err := joinTensor(parts, name, sizes)
		if err != nil {
			return nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		t.src.plane = plane && (t.Type == quant.Q4_0v1 || t.Type == quant.Q4_1v1)
		tensors = append(tensors, t)
	}
	return tensors, first.complete()
}

// sizes returns the model's dimensions, from the numbers and from the shapes
// of the first layer.
func (l *legacyFile) sizes(parts int) (*arch.Sizes, error) {
	ffn, ok := l.tensors[firstGate]
	kv, ok2 := l.tensors[firstKeys]
	if !ok || !ok2 {
		return nil, fmt.Errorf("the first layer's tensors are missing: the file is cut short")
	}
	p := l.hparams
	headDim := int(p.Embd / p.Heads)
	width := kv.rows * parts
	if width%headDim != 0 || int(p.Embd)%width != 0 {
		return nil, fmt.Errorf("tensor %q: %d rows: these must be whole heads of %d rows, and the number of these heads must divide the model's %d heads",
			firstKeys, width, headDim, p.Heads)
	}
	return &arch.Sizes{
		VocabSize: int(p.Vocab), Dim: int(p.Embd), FFNDim: ffn.rows * parts,
		NumHeads: int(p.Heads), NumKVHeads: width / headDim, KeyDim: headDim, ValueDim: headDim, RopeDim: headDim,
	}, nil
}

// joinTensor returns the tensor with the given name in a model with the given sizes.
func joinTensor(parts []*legacyFile, name string, sizes *arch.Sizes) (Tensor, error) {
	one := parts[0].tensors[name]
	src := &source{rows: one.rows, cols: one.cols, cut: one.kind.Cut}
	if src.cut == arch.CutNot || len(parts) == 1 {
		src.cut = arch.CutNot
		parts = parts[:1]
	}
	for _, p := range parts {
		t, ok := p.tensors[name]
		if !ok {
			return Tensor{}, fmt.Errorf("is not in %s", p.im.path)
		}
		if t.typ != one.typ || t.rows != one.rows || t.cols != one.cols {
			return Tensor{}, fmt.Errorf("is %v [%d %d] in %s and %v [%d %d] in %s",
				one.typ, one.rows, one.cols, parts[0].im.path, t.typ, t.rows, t.cols, p.im.path)
		}
		src.pieces = append(src.pieces, t.at)
	}
	rows, cols := one.rows, one.cols
	switch src.cut {
	case arch.CutRows:
		rows *= len(parts)
	case arch.CutCols:
		cols *= len(parts)
	}
	shape := []int{rows, cols}
	if one.kind.IsVector() {
		shape = shape[1:]
	}
	if wantRows, wantCols := sizes.Of(one.kind.Rows), sizes.Of(one.kind.Cols); len(shape) != one.dims || rows != wantRows || cols != wantCols {
		return Tensor{}, fmt.Errorf("is [%d %d] in %d dimensions, want [%d %d] in %d", rows, cols, one.dims, wantRows, wantCols, len(shape))
	}
	size, err := dataBytes(one.typ, []uint64{uint64(cols), uint64(rows)})
	if err != nil {
		return Tensor{}, err
	}
	src.typ = one.typ
	return Tensor{Name: name, Type: one.typ, Shape: shape, Bytes: int64(size), src: src}, nil
}

// complete returns an error if a tensor is missing.
func (l *legacyFile) complete() error {
	for name, t := range arch.Llama.Tensors(int(l.hparams.Layers), false) {
		name += ".weight"
		if _, ok := l.tensors[name]; !ok && t.Meta != "" {
			return fmt.Errorf("tensor %q is missing: the file is cut short", name)
		}
	}
	return nil
}
