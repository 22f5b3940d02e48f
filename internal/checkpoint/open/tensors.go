package open

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
)

// source says where a tensor of GGUF comes from.
type source struct {
	tensor *arch.Tensor
	layer  int // -1: it is in none
	sizes  *arch.Sizes
	bias   bool
}

// name returns the tensor's name in GGUF.
func (s source) name() string {
	name := s.tensor.File()
	if s.bias {
		name = s.tensor.GGUF() + ".bias"
	}
	if s.layer < 0 {
		return name
	}
	return arch.LayerPrefix(s.layer) + name
}

// shape returns the tensor's shape in GGUF.
func (s source) shape() []int {
	shape := s.tensor.Shape(s.sizes)
	if s.bias && !s.tensor.IsVector() {
		return shape[:len(shape)-1]
	}
	return shape
}

// start finds the embedding, which tells the size of the vocabulary, and how matrices are
// stored.
func (b *builder) start() error {
	if b.folder.Meta {
		return nil
	}
	if err := b.quant.read(b); err != nil {
		return err
	}
	t := b.Arch.Tensor(arch.TokenEmbed)
	x, err := b.matrix(t.HFName(-1, -1, false))
	if err == nil && x == nil {
		err = fmt.Errorf("tensor %q is missing: the embedding", t.HFName(-1, -1, false))
	}
	if err != nil {
		return err
	}
	b.embed = x.rows
	b.setVocab(x.rows.N)
	return nil
}

// setVocab sets the size of the vocabulary.
func (b *builder) setVocab(n int) {
	b.Vocab = n
	for i := range b.Layers {
		b.Layers[i].VocabSize = n
	}
}

// vocabSize returns the rows of the embedding; 0: not known yet.
func (b *builder) vocabSize() int { return b.Vocab }

// cutVocab checks the embedding's rows against the tokens.
func (b *builder) cutVocab(tokens int) error {
	if b.folder.Meta {
		b.setVocab(tokens)
		return nil
	}
	if tokens > b.embed.N {
		return fmt.Errorf("%d tokens, but the embedding has %d rows", tokens, b.embed.N)
	}
	return nil
}

// all makes all tensors, and looks for those of the checkpoint that nothing asked for.
func (b *builder) all() error {
	first := &b.Layers[0]
	for i := range b.Arch.Input {
		if err := b.both(source{&b.Arch.Input[i], -1, first, false}); err != nil {
			return err
		}
	}
	for n := range b.Layers {
		s := &b.Layers[n]
		for t := range b.Arch.LayerTensors(s.NumExperts > 0) {
			if !s.In(t.In) {
				continue
			}
			if err := b.both(source{t, n, s, false}); err != nil {
				return err
			}
		}
	}
	for i := range b.Arch.Output {
		if err := b.both(source{&b.Arch.Output[i], -1, first, false}); err != nil {
			return err
		}
	}
	return b.leftOver()
}

// keyTied is the key that says that the embedding is the output as well. Without it the
// file decides: what is there counts.
const keyTied = "tie_word_embeddings"

// both makes a tensor's weights and, if there are any, its bias.
func (b *builder) both(s source) error {
	for _, s.bias = range []bool{false, true} {
		if s.bias && (s.tensor.Bare || s.tensor.Role == arch.TokenEmbed) {
			continue
		}
		if err := b.one(s); err != nil {
			return err
		}
	}
	return nil
}

// one makes a tensor.
func (b *builder) one(s source) error {
	var x *stored
	var err error
	switch computed := b.computed(s); {
	case computed != nil:
		if !s.bias {
			b.add(s.name(), []int{len(computed)}, floats(computed))
		}
		return nil
	case b.folder.Meta:
		x, err = b.meta(s)
	default:
		x, err = b.find(s)
	}
	if err != nil {
		return err
	}
	if x == nil {
		untied := s.tensor.Role == arch.Output && b.Config.IsBool(keyTied) && !b.Config.Bool(keyTied, false)
		switch {
		case untied && !s.bias && !b.folder.Meta:
			return fmt.Errorf("tensor %q is missing: %s is false", b.wanted(s), keyTied)
		case s.bias && !s.tensor.Bias, !s.bias && s.tensor.Optional:
			return nil
		}
		return fmt.Errorf("tensor %q is missing, which becomes %q", b.wanted(s), s.name())
	}
	shape := s.shape()
	r, err := fit(x, s, shape)
	if err != nil {
		return err
	}
	if b.folder.Meta {
		r = b.asFloats(s, r)
	} else {
		r = b.change(s, r)
	}
	if !s.bias && !s.tensor.IsVector() {
		b.count(x.typ, r)
	}
	b.add(s.name(), shape, r)
	return nil
}

// wanted returns the name in the checkpoint that a tensor should have.
func (b *builder) wanted(s source) string {
	switch name := s.tensor.HFName(s.layer, 0, s.bias); {
	case b.folder.Meta:
		return s.tensor.Meta
	case name != "":
		return name
	case s.tensor.Stacked != nil && s.bias:
		return arch.StackedName(s.layer, s.tensor.Stacked.Bias)
	case s.tensor.Stacked != nil:
		return arch.StackedName(s.layer, s.tensor.Stacked.Name)
	}
	return s.tensor.GGUF()
}

// fit checks the shape of a tensor, and leaves out dimensions of 1.
func fit(x *stored, s source, shape []int) (*rows.Rows, error) {
	have := slices.DeleteFunc(slices.Clone(x.shape), func(n int) bool { return n == 1 })
	want := slices.DeleteFunc(slices.Clone(shape), func(n int) bool { return n == 1 })
	if !slices.Equal(have, want) {
		return nil, fmt.Errorf("tensor %q has the shape %d, want %d for %q", x.name, x.shape, shape, s.name())
	}
	cols := shape[len(shape)-1]
	if x.rows.Cols == cols {
		return x.rows, nil
	}
	n := 1
	for _, d := range shape[:len(shape)-1] {
		n *= d
	}
	return x.rows.As(n, cols), nil
}

// computed returns the numbers of a tensor that no checkpoint holds, nil for others.
func (b *builder) computed(s source) []float32 {
	switch s.tensor.Role {
	case arch.RopeFreqs:
		return b.RopeFreqs
	case arch.RopeLong:
		return b.RopeLong
	case arch.RopeShort:
		return b.RopeShort
	}
	return nil
}

// floats returns a vector.
func floats(list []float32) *rows.Rows {
	return rows.Computed(quant.F32, 1, len(list), func(dst []float32, _, _ int) error {
		copy(dst, list)
		return nil
	})
}

// stored is a tensor of the checkpoint, or several that belong together.
type stored struct {
	name  string // of the first
	typ   string // how it is stored
	shape []int
	rows  *rows.Rows
}

// tensor returns a tensor of the checkpoint by its name without the model's prefix, nil if
// there is none.
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

// prefixes are what may stand before a tensor's name.
var prefixes = []string{"model.", "", "model.language_model.", "language_model.model.", "language_model.", "model.language_model.model.", "model.text_model."}

// find returns the tensor of a checkpoint of Hugging Face that becomes one of GGUF, nil if
// there is none.
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

// named finds a tensor by its name, or those of all experts.
func (b *builder) named(s source) (*stored, error) {
	if s.tensor.Stack == arch.One {
		return b.matrix(s.tensor.HFName(s.layer, -1, s.bias))
	}
	var list []*stored
	for e := range s.sizes.NumExperts {
		x, err := b.matrix(s.tensor.HFName(s.layer, e, s.bias))
		switch {
		case err != nil:
			return nil, err
		case x == nil && e == 0:
			return nil, nil
		case x == nil:
			return nil, fmt.Errorf("tensor %q is missing, which becomes a part of %q", s.tensor.HFName(s.layer, e, s.bias), s.name())
		case e > 0 && !slices.Equal(x.shape, list[0].shape):
			return nil, fmt.Errorf("tensor %q has the shape %d, that of the first expert is %d", x.name, x.shape, list[0].shape)
		}
		list = append(list, x)
	}
	return stack(list), nil
}

// stack puts the matrices of experts behind each other.
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

// fused finds the matrices of all experts in a tensor that may hold others as well.
func (b *builder) fused(s source) (*stored, error) {
	k := s.tensor.Stacked
	if s.bias {
		return b.fusedBias(s)
	}
	name := arch.StackedName(s.layer, k.Name)
	x, err := b.blocks(name)
	turned := false
	if x == nil && err == nil {
		if x, err = b.matrix(name); x == nil && err == nil {
			x, err = b.matrix(name + ".weight")
		}
		turned = k.Turned
	}
	if x == nil || err != nil {
		return nil, err
	}
	if len(x.shape) != 3 {
		return nil, fmt.Errorf("tensor %q has the shape %d, want three dimensions", x.name, x.shape)
	}
	r, n, cols := x.rows, x.shape[1], x.shape[2]
	if turned {
		r = r.Turn(n)
		n, cols = cols, n
	}
	if k.Rows != arch.AllRows && n%2 != 0 {
		return nil, fmt.Errorf("tensor %q has the shape %d: two matrices of the same size are wanted", x.name, x.shape)
	}
	shape := []int{x.shape[0], share(k.Rows, n), cols}
	return &stored{x.name, x.typ, shape, part(r, k.Rows, n)}, nil
}

// share returns how many of n rows are meant.
func share(s arch.Share, n int) int {
	if s == arch.AllRows {
		return n
	}
	return n / 2
}

// part returns some rows of each matrix of n rows.
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

// place returns where the row-th of m rows is in a matrix of twice as many.
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

// fusedBias finds the biases of such matrices.
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
		return nil, fmt.Errorf("tensor %q has the shape %d, want two dimensions, the last even", x.name, x.shape)
	}
	m := x.shape[1] / 2
	return &stored{x.name, x.typ, []int{x.shape[0], m}, x.rows.PickCols(m, func(i int) int { return place(k.Rows, i, m) })}, nil
}

// leftOver returns an error for a tensor that nothing asked for, unless it is known to be
// of no use.
func (b *builder) leftOver() error {
	if b.folder.Meta {
		return b.metaLeftOver()
	}
	var unknown []string
	skipped := 0
	for name, t := range b.folder.Shards[0] {
		switch {
		case b.used[name]:
		case b.useless(name):
			skipped++
		default:
			unknown = append(unknown, fmt.Sprintf("tensor %q, %s %d", name, t.Type, t.Shape))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		more := ""
		if len(unknown) > 1 {
			more = fmt.Sprintf(" (and %d more)", len(unknown)-1)
		}
		return fmt.Errorf("%s has no place in %s%s", unknown[0], b.Arch.Name, more)
	}
	if skipped > 0 {
		b.notes = append(b.notes, fmt.Sprintf("%d tensors of other parts than the language model are left out", skipped))
	}
	return nil
}

// otherParts are the beginnings of names of what a model has beside the language model.
var otherParts = []string{
	"vision_tower.", "multi_modal_projector.", "visual.", "vision_model.", "audio_tower.", "embed_vision.", "embed_audio.", "mtp.", "connector.", "image_newline",
	"vision_projector.", "patch_merger.", "vision_encoder.", "vision_language_adapter.", "pre_mm_projector_norm.", "vision_embed_tokens.",
}

// useless reports whether a tensor of a checkpoint is not needed.
func (b *builder) useless(name string) bool {
	rest := arch.CutPrefix(name)
	for _, p := range otherParts {
		if strings.HasPrefix(rest, p) {
			return true
		}
	}
	for _, end := range []string{".rotary_emb.inv_freq", ".attn.masked_bias", ".attn.bias", ".input_scale", ".activation_scale", ".k_scale", ".v_scale", ".q_scale", ".output_scale"} {
		if strings.HasSuffix(rest, end) {
			return true
		}
	}
	if p, ok := b.Arch.FromHF(name); ok && p.Layer >= len(b.Layers) { // layers that predict further tokens
		return true
	}
	return false
}
