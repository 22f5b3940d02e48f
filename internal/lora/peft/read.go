package peft

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/lora"
	"alpaca/internal/quant"
)

// reader assembles an adapter from its tensors.
type reader struct {
	base    *Base
	config  *config
	out     *lora.Adapter
	pairs   map[string]*half // keys are made of inner and module, as split returns them
	copies  int
	skipped int
}

// half is the pair of a module while the pair's tensors are collected.
type half struct {
	module string
	inner  int
	a, b   *weights.Tensor
	table  bool
}

// take adds a tensor.
func (r *reader) take(t *weights.Tensor) error {
	module, k, inner, err := split(t.Name)
	switch {
	case err != nil:
		return fmt.Errorf("tensor %q: %w", t.Name, err)
	case foreign(module):
		r.skipped++
		return nil
	case k == copied:
		return r.copied(t, module)
	case k == whole:
		return r.whole(t, module)
	case len(t.Shape) != 2 || t.Elems() == 0:
		return fmt.Errorf("tensor %q has the shape %v: only adapters of matrices are supported", t.Name, t.Shape)
	}
	key := fmt.Sprint(inner, " ", module)
	h := r.pairs[key]
	if h == nil {
		h = &half{module: module, inner: inner}
		r.pairs[key] = h
	}
	place := &h.a
	if k == matrixB || k == tableB {
		place = &h.b
	}
	if *place != nil || (h.a != nil || h.b != nil) && h.table != (k >= tableA) {
		return fmt.Errorf("tensor %q: module %q has more than one adapter", t.Name, module)
	}
	*place, h.table = t, k >= tableA
	return nil
}

// copied counts a tensor that is only a copy of one of the base's tensors.
// peft saves such copies together with adapters of the embedding. copied
// returns an error if the copy has another vocabulary size than the base.
func (r *reader) copied(t *weights.Tensor, name string) error {
	r.copies++
	if vocab := r.base.Layers[0].VocabSize; len(t.Shape) == 2 && t.Shape[0] != vocab && t.Shape[1] == r.base.Layers[0].Dim {
		return fmt.Errorf("tensor %q has %d rows, but the model's vocabulary has %d tokens: the adapter is of a model with another vocabulary", t.Name, t.Shape[0], vocab)
	}
	return nil
}

// place returns the place in GGUF of the model's tensor with the
// given name. tensor is the adapter's tensor that messages name.
func (r *reader) place(tensor, name string) (arch.Place, *arch.Sizes, error) {
	p, ok := r.base.Arch.FromHF(name)
	if !ok { // Mixtral's router has one name in transformers 5 and another in checkpoints
		p, ok = r.base.Arch.FromHF(strings.Replace(name, ".mlp.gate.", ".block_sparse_moe.gate.", 1))
	}
	switch {
	case !ok:
		return p, nil, fmt.Errorf("tensor %q: models of the architecture %s have no %q", tensor, r.base.Arch.Name, name)
	case p.Layer >= len(r.base.Layers):
		return p, nil, fmt.Errorf("tensor %q: the model has %d layers", tensor, len(r.base.Layers))
	}
	s := &r.base.Layers[max(p.Layer, 0)]
	if p.Expert >= 0 && p.Expert >= s.NumExperts {
		return p, nil, fmt.Errorf("tensor %q: the model has %d experts", tensor, s.NumExperts)
	}
	return p, s, nil
}

// finish adds all pairs, including those for a tied output.
func (r *reader) finish() error {
	stacks := map[string]*stack{}
	for _, key := range slices.Sorted(maps.Keys(r.pairs)) {
		h := r.pairs[key]
		if h.a == nil || h.b == nil {
			return fmt.Errorf("module %q: only one of lora_A and lora_B is there", h.module)
		}
		var err error
		switch {
		case r.fused(h) != nil:
			err = r.parameters(h)
		case h.inner > 0:
			err = fmt.Errorf("module %q: adapters of adapters are not supported", h.module)
		default:
			err = r.pair(h, stacks)
		}
		if err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(stacks)) {
		p, err := stacks[name].pair(name)
		if err != nil {
			return err
		}
		r.out.Pairs = append(r.out.Pairs, p)
	}
	r.tie()
	if r.skipped > 0 {
		r.out.Notes = append(r.out.Notes, fmt.Sprintf("%d tensors of parts that do not read text are left out", r.skipped))
	}
	return nil
}

// tie copies the embedding's changes to the output, if the model has
// tied matrices and the adapter's config says that they stay tied.
func (r *reader) tie() {
	if !r.config.tied || !r.base.Tied {
		return
	}
	from, to := arch.TokenEmbed.Weight(), arch.Output.Weight()
	if p := r.out.Find(from); p != nil && r.out.Find(to) == nil && r.out.FindWhole(to) == nil {
		tied := *p
		tied.Name = to
		r.out.Pairs = append(r.out.Pairs, tied)
	}
	if w := r.out.FindWhole(from); w != nil && r.out.Find(to) == nil && r.out.FindWhole(to) == nil {
		tied := *w
		tied.Name = to
		r.out.Whole = append(r.out.Whole, tied)
	}
}

// pair adds the pair of a module. The pair of an expert becomes part of a stack.
func (r *reader) pair(h *half, stacks map[string]*stack) error {
	p, s, err := r.place(h.a.Name, h.module+".weight")
	if err != nil {
		return err
	}
	out := lora.Pair{Name: p.GGUF(), Rows: s.Of(p.Tensor.Rows), Cols: s.Of(p.Tensor.Cols)}
	switch {
	case p.Tensor.IsVector() || p.Tensor.Role == arch.ConvTaps || p.Tensor.Role == arch.DeltaTaps:
		return fmt.Errorf("tensor %q: only adapters of matrices are supported", h.a.Name)
	case p.Expert < 0 && p.Tensor.Stack != arch.One:
		return fmt.Errorf("tensor %q: a single adapter for all experts is not supported", h.a.Name)
	case !s.In(p.Tensor.In):
		return fmt.Errorf("tensor %q: layer %d has no %q", h.a.Name, p.Layer, h.module)
	}
	a, err := h.a.Float32s()
	if err != nil {
		return err
	}
	b, err := h.b.Float32s()
	if err != nil {
		return err
	}
	aShape, bShape := h.a.Shape, h.b.Shape
	if h.table != (p.Tensor.Role == arch.TokenEmbed) {
		return fmt.Errorf("tensor %q: an adapter of this kind does not suit %q", h.a.Name, h.module)
	}
	if h.table { // a row of the embedding is B times a column of A
		aShape, bShape = []int{bShape[1], bShape[0]}, []int{aShape[1], aShape[0]}
		a, b = lora.Transposed(b, h.b.Shape[0], h.b.Shape[1]), lora.Transposed(a, h.a.Shape[0], h.a.Shape[1])
	}
	if out.Rank = aShape[0]; bShape[1] != out.Rank || aShape[1] != out.Cols || bShape[0] != out.Rows {
		return fmt.Errorf("module %q is [%d, %d], but its adapter is %v·%v", h.module, out.Rows, out.Cols, bShape, aShape)
	}
	if out.Scale, err = r.config.scale(h.module, out.Rank); err != nil {
		return err
	}
	out.A, out.B = r.ordered(p, s, a, b, out.Rank)
	if p.Expert < 0 {
		r.out.Pairs = append(r.out.Pairs, out)
		return nil
	}
	if stacks[out.Name] == nil {
		stacks[out.Name] = &stack{experts: make([]*lora.Pair, s.NumExperts)}
	}
	stacks[out.Name].experts[p.Expert] = &out
	return nil
}

// whole adds a tensor that replaces a tensor of the model.
func (r *reader) whole(t *weights.Tensor, name string) error {
	p, s, err := r.place(t.Name, name)
	if err != nil {
		return err
	}
	tensor := p.Tensor
	rows, cols := s.Of(tensor.Rows), s.Of(tensor.Cols)
	if p.Bias && !tensor.IsVector() {
		rows, cols = 1, rows
	}
	skip, byRows, byCols := tensor.ValueHeads(s)
	switch {
	case tensor.Stack != arch.One:
		return fmt.Errorf("tensor %q: whole experts cannot be replaced", t.Name)
	case byRows || byCols || skip > 0 || tensor.Role == arch.ConvTaps:
		return fmt.Errorf("tensor %q: this part of a model cannot be replaced", t.Name)
	case t.Elems() != rows*cols:
		return fmt.Errorf("tensor %q has the shape %v, but the model's tensor has %d elements", t.Name, t.Shape, rows*cols)
	}
	x, err := t.Float32s()
	if err != nil {
		return err
	}
	w := lora.Whole{Name: p.GGUF(), Type: quant.F32, Shape: []int{cols}}
	switch t.Type {
	case weights.F16:
		w.Type = quant.F16
	case weights.BF16:
		w.Type = quant.BF16
	}
	if rows > 1 || !tensor.IsVector() && !p.Bias {
		w.Shape = []int{rows, cols}
	}
	if r.base.Arch.PlusOne(tensor) && !p.Bias {
		w.Type = quant.F32 // x+1 may need more bits than F16 or BF16 has
		for i := range x {
			x[i]++
		}
	}
	if r.base.Arch.Reordered(tensor) {
		n := cols
		if p.Bias {
			n = 1
		}
		x = pick(x, n, func(row int) int { return arch.PairRow(row, s.KeyDim) })
	}
	w.Data = make([]byte, rows*w.Type.RowBytes(cols))
	quant.Encode(w.Type, w.Data, x, cols, nil)
	r.out.Whole = append(r.out.Whole, w)
	return nil
}
