package train

import (
	"fmt"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
)

// Load makes a model ready to be trained. Where full is true all its tensors become
// trainable float32; else matrices stay as the file has them, which must stay open, and
// nothing is trainable until AddLoRA.
func Load(base *model.Model, full bool) (*Model[float32], error) {
	c, f := &base.Config, base.File
	s, err := shapeOf(c)
	if err != nil {
		return nil, fmt.Errorf("train: %s: %w", f.Path, err)
	}
	l := loader{file: f, full: full}
	m := &Model[float32]{Shape: s, Layers: make([]Layer[float32], s.Layers)}
	m.Embed = l.tensor(arch.TokenEmbed.Weight())
	for i := range m.Layers {
		name := func(r arch.Role) string { return arch.LayerPrefix(i) + r.Weight() }
		layer := &m.Layers[i]
		layer.AttnNorm, layer.FFNNorm = l.tensor(name(arch.AttnNorm)), l.tensor(name(arch.FFNNorm))
		layer.QNorm, layer.KNorm = l.optional(name(arch.AttnQNorm)), l.optional(name(arch.AttnKNorm))
		for j, lin := range layer.linears() {
			lin.W = l.tensor(name(linearRoles[j]))
			lin.Bias = l.optional(arch.LayerPrefix(i) + string(linearRoles[j]) + ".bias")
		}
	}
	m.OutputNorm = l.tensor(arch.OutputNorm.Weight())
	if m.Output = l.optional(arch.Output.Weight()); m.Output == nil {
		m.Output = m.Embed
	}
	if l.err != nil {
		return nil, fmt.Errorf("train: %s: %w", f.Path, l.err)
	}
	if err := m.onlyThese(f); err != nil {
		return nil, fmt.Errorf("train: %s: %w", f.Path, err)
	}
	m.sites()
	if full {
		m.TrainAll()
	}
	return m, nil
}

// trainable are the architectures that forward and backward know.
var trainable = []string{arch.Llama.Name, arch.Qwen2.Name, arch.Qwen3.Name}

// shapeOf returns the shape of a model that can be trained.
func shapeOf(c *model.Config) (Shape, error) {
	l := c.Layers[0]
	s := Shape{Arch: c.Arch, Dim: c.Dim, Layers: c.NumLayers, FFNDim: l.FFNDim, Vocab: c.VocabSize, Ctx: c.TrainCtx,
		Heads: l.NumHeads, KVHeads: l.NumKVHeads, HeadDim: l.KeyDim, Eps: c.NormEps, Rope: c.Rope}
	switch {
	case !slices.Contains(trainable, c.Arch):
		return s, fmt.Errorf("models of the architecture %q cannot be trained, only %s", c.Arch, strings.Join(trainable, ", "))
	case c.Rope.Dim != l.KeyDim:
		return s, fmt.Errorf("heads of which only %d of %d elements turn cannot be trained", c.Rope.Dim, l.KeyDim)
	case c.NumExperts > 0:
		return s, fmt.Errorf("a model with %d experts cannot be trained: only models with one feed-forward network a layer", c.NumExperts)
	case slices.ContainsFunc(c.Layers, func(o model.LayerConfig) bool { return o != l }):
		return s, fmt.Errorf("layers that differ cannot be trained")
	case l.KeyDim != l.ValueDim:
		return s, fmt.Errorf("heads of %d elements for keys and %d for values cannot be trained: they must be the same", l.KeyDim, l.ValueDim)
	case l.Window > 0 && l.Window < s.Ctx:
		s.Ctx = l.Window // within it nothing is hidden
	}
	return s, nil
}

// loader reads tensors and keeps the first error.
type loader struct {
	file *gguf.File
	full bool
	err  error
}

// optional is tensor for one that may be absent: nil.
func (l *loader) optional(name string) *Tensor[float32] {
	if l.file.Tensor(name) == nil {
		return nil
	}
	return l.tensor(name)
}

// tensor reads the tensor of that name: vectors, and with full all, as float32.
func (l *loader) tensor(name string) *Tensor[float32] {
	src := l.file.Tensor(name)
	if l.err != nil || src == nil {
		if l.err == nil {
			l.err = fmt.Errorf("no tensor %q", name)
		}
		return nil
	}
	t := &Tensor[float32]{Name: name, Rows: src.Rows(), Cols: src.Cols(), Vector: src.Rows() == 1}
	switch {
	case !quant.CanCompute(src.Type):
		l.err = fmt.Errorf("tensor %q: cannot compute with %v", name, src.Type)
	case l.full || t.Vector:
		t.Data = make([]float32, src.Elems())
		quant.Decode(src.Type, t.Data, src.Data)
		if i := quant.FirstNotFinite(t.Data); i >= 0 {
			l.err = fmt.Errorf("tensor %q: element %d is %v", name, i, t.Data[i])
		}
	default:
		w, err := quant.NewMatrix(src.Type, t.Rows, t.Cols, src.Data)
		if err != nil {
			l.err = fmt.Errorf("tensor %q: %w", name, err)
		}
		t.Weights = &w
	}
	return t
}

// onlyThese returns an error if the file has tensors that a trained model would lose.
func (m *Model[T]) onlyThese(f *gguf.File) error {
	known := map[string]bool{arch.RopeFreqs.Weight(): true}
	for _, t := range m.Tensors() {
		known[t.Name] = true
	}
	for _, t := range f.Tensors {
		if !known[t.Name] {
			return fmt.Errorf("tensor %q is nothing that can be trained", t.Name)
		}
	}
	return nil
}
