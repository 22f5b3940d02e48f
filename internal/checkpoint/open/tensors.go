package open

import (
	"fmt"
	"slices"

	"alpaca/internal/arch"
	"alpaca/internal/checkpoint/rows"
	"alpaca/internal/quant"
)

// source describes a tensor of GGUF that is to be built.
type source struct {
	tensor *arch.Tensor
	layer  int // -1: in no layer
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

// start reads how matrices are stored, and finds the embedding. The number of rows of the embedding
// is the size of the vocabulary.
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
		err = fmt.Errorf("tensor %q, the embedding, is missing", t.HFName(-1, -1, false))
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

// vocabSize returns the number of rows of the embedding, or 0 if it is not known yet.
func (b *builder) vocabSize() int { return b.Vocab }

// cutVocab checks that the embedding has a row for each token. For
// Meta's format, cutVocab sets the size of the vocabulary instead.
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

// all builds all tensors, and checks for unused tensors of the checkpoint.
func (b *builder) all() error {
	first := &b.Layers[0]
	for i := range b.Arch.Input {
		if !first.In(b.Arch.Input[i].In) {
			continue
		}
		if err := b.both(source{&b.Arch.Input[i], -1, first, false}); err != nil {
			return err
		}
	}
	for n := range b.Layers {
		s := &b.Layers[n]
		for t := range b.Arch.LayerTensors(s.NumExperts > 0) {
			if !b.has(n, t) {
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

// keyTied is the key that says whether the output matrix is the embedding. Without the
// key, the output is tied if the checkpoint has no tensor for it.
const keyTied = "tie_word_embeddings"

// both builds a tensor's weights and, if there is one, its bias.
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

// one builds one tensor.
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
			return fmt.Errorf("tensor %q is missing, but it is needed because %s is false", b.wanted(s), keyTied)
		case s.bias && (!s.tensor.Bias || s.tensor.Optional && !b.lastIs(source{s.tensor, s.layer, s.sizes, false}.name())), !s.bias && s.tensor.Optional && (s.tensor.Role != arch.AttnV || b.KeysAsValues == nil):
			return nil
		}
		return fmt.Errorf("tensor %q, which becomes %q, is missing", b.wanted(s), s.name())
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

// has reports whether layer n has tensor t. Some layers have no tensors for
// keys and values, because they use the keys and values of another layer.
// Other layers have no tensor for values, because they use the keys as values.
func (b *builder) has(n int, t *arch.Tensor) bool {
	asKeys := t.Role == arch.AttnV && b.KeysAsValues != nil && b.KeysAsValues[n]
	return b.Layers[n].In(t.In) && !asKeys
}

// wanted returns the name that a tensor should have in the checkpoint.
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

// fit checks the shape of a tensor, ignoring dimensions of 1.
// It returns the tensor's rows in the shape that GGUF wants.
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

// computed returns the elements of a tensor that no checkpoint holds, or nil for other
// tensors.
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

// floats returns list as a vector.
func floats(list []float32) *rows.Rows {
	return rows.Computed(quant.F32, 1, len(list), func(dst []float32, _, _ int) error {
		copy(dst, list)
		return nil
	})
}
