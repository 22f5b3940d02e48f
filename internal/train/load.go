package train

import (
	"fmt"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// Load makes a model ready to be trained. If full is true, all its tensors become trainable
// float32. Otherwise matrices stay in the file, which must stay open, and nothing is trainable
// until AddLoRA is called.
func Load(base *model.Model, full bool) (*Model[float32], error) {
	return load[float32](base, full)
}

// trainable reports whether forward and backward support all parts of an architecture's models.
func trainable(a *arch.Arch, experts bool) bool {
	for t := range a.LayerTensors(experts) {
		if _, ok := new(Layer[float32]).place(t.Role); !ok {
			return false
		}
	}
	return true
}

func load[T real](base *model.Model, full bool) (*Model[T], error) {
	c, f := base.Config, base.File
	family := arch.Find(c.Arch)
	if experts := c.NumExperts > 0; !trainable(family, experts) {
		var known []string
		for _, a := range arch.All() {
			if trainable(a, experts) && (a.MoE != nil || !experts) {
				known = append(known, a.Name)
			}
		}
		return nil, fmt.Errorf("train: %s: models of the architecture %q with %d experts cannot be trained, only %s", f.Path, c.Arch, c.NumExperts, strings.Join(known, ", "))
	}
	for t := range family.LayerTensors(false) {
		if name := arch.LayerPrefix(0) + t.File(); t.ByRows() && f.Tensor(name) != nil {
			return nil, fmt.Errorf("train: %s: models with %s cannot be trained: each head has a norm of its own", f.Path, name)
		}
	}
	l := loader[T]{file: f, full: full}
	m := &Model[T]{Config: c, Layers: make([]Layer[T], c.NumLayers), ropes: base.RopeParams}
	m.Embed = l.tensor(arch.TokenEmbed.Weight(), true, 0)
	for i := range m.Layers {
		layer := &m.Layers[i]
		layer.Shape = c.Layers[i]
		if family.ValueNorm && layer.Shape.KVOf == 0 {
			layer.VNorm.W = ones[T]("", layer.Shape.ValueDim)
		}
		for t := range family.LayerTensors(c.NumExperts > 0) {
			if t.In == arch.OwnKVLayers && layer.Shape.KVOf > 0 {
				continue
			}
			if x, ok := layer.place(t.Role); ok {
				l.member(arch.LayerPrefix(i), t, x, c.NumExperts)
			}
		}
	}
	if c.LayerInput > 0 {
		m.Inputs.Tokens = l.tensor(arch.TokenInputs.Weight(), true, 0)
		m.Inputs.Proj.W = l.tensor(arch.InputProj.Weight(), true, 0)
		m.Inputs.Norm.W = l.tensor(arch.InputNorm.Weight(), false, 0)
	}
	norm := arch.Tensor{}
	if t := family.Tensor(arch.OutputNorm); t != nil {
		norm = *t
	}
	m.OutputNorm.W, m.OutputNorm.Bias = l.tensor(norm.File(), false, 0), l.optional(norm.GGUF()+".bias", false, 0)
	if m.Output = l.optional(arch.Output.Weight(), true, 0); m.Output == nil {
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

// loader reads tensors. err is the first error.
type loader[T real] struct {
	file *gguf.File
	full bool
	err  error
}

// member reads the tensor that t describes into its place in a layer. A missing tensor
// is skipped: opening the model has checked that the required tensors are there.
func (l *loader[T]) member(prefix string, t *arch.Tensor, x member[T], experts int) {
	stack := 0
	if t.Stack != arch.One {
		stack = experts
	}
	w := l.optional(prefix+t.File(), x.linear != nil, stack)
	if w == nil {
		return
	}
	bias := func() *Tensor[T] { return l.optional(prefix+t.GGUF()+".bias", false, stack) }
	switch {
	case x.linear != nil:
		x.linear.W, x.linear.Bias = w, bias()
	case x.norm != nil:
		x.norm.W, x.norm.Bias = w, bias()
	default:
		*x.vector = w
		w.fixed = x.role == arch.LayerScale // transformers stores this factor in a buffer, which is not trained
	}
}

// optional is like tensor, but returns nil if the file lacks the tensor.
func (l *loader[T]) optional(name string, product bool, stack int) *Tensor[T] {
	if l.file.Tensor(name) == nil {
		return nil
	}
	return l.tensor(name, product, stack)
}

// tensor reads the tensor with the given name. product says that it is a matrix
// for products. Such a matrix stays in the file's format if l.full is false. Any
// other tensor is decoded to numbers, which can be trained.
func (l *loader[T]) tensor(name string, product bool, stack int) *Tensor[T] {
	src := l.file.Tensor(name)
	if l.err != nil || src == nil {
		if l.err == nil {
			l.err = fmt.Errorf("no tensor %q", name)
		}
		return nil
	}
	t := &Tensor[T]{Name: name, Rows: src.Rows(), Cols: src.Cols(), Vector: src.Rows() == 1 && !product, Stack: stack, dims: src.Shape}
	if stack > 0 && !product { // biases of experts
		t.Rows, t.Cols, t.Vector = 1, src.Elems(), true
	}
	switch {
	case !quant.CanCompute(src.Type):
		l.err = fmt.Errorf("tensor %q: cannot compute with %v", name, src.Type)
	case l.full || !product:
		values := make([]float32, src.Elems())
		quant.Decode(src.Type, values, src.Data)
		if i := quant.FirstNotFinite(values); i >= 0 {
			l.err = fmt.Errorf("tensor %q: element %d is %v", name, i, values[i])
		}
		t.Data = numbers[T](values)
	default:
		w, err := matmul.NewMatrix(src.Type, t.Rows, t.Cols, src.Data)
		if err != nil {
			l.err = fmt.Errorf("tensor %q: %w", name, err)
		}
		t.Weights = &w
	}
	return t
}

// numbers returns x as a []T. If T is float32, numbers returns x itself.
func numbers[T real](x []float32) []T {
	if list, ok := any(x).([]T); ok {
		return list
	}
	list := make([]T, len(x))
	for i, v := range x {
		list[i] = T(v)
	}
	return list
}

// kept returns the names of tensors that are not trained but copied from the base: RoPE's
// frequency factors, and the key and value matrices that layers do not use because they share an
// earlier layer's keys and values.
func kept(c *model.Config) (names []string) {
	for _, role := range []arch.Role{arch.RopeFreqs, arch.RopeLong, arch.RopeShort} {
		names = append(names, role.Weight())
	}
	for t := range arch.Find(c.Arch).LayerTensors(c.NumExperts > 0) {
		for i := range c.Layers {
			if t.In == arch.OwnKVLayers && c.Layers[i].KVOf > 0 {
				names = append(names, arch.LayerPrefix(i)+t.File())
			}
		}
	}
	return names
}

// Kept returns the tensors that a trained model copies from its base.
func Kept(base *model.Model) (list []gguf.Tensor) {
	for _, name := range kept(&base.Config) {
		if t := base.File.Tensor(name); t != nil {
			list = append(list, *t)
		}
	}
	return list
}

// onlyThese returns an error if f has tensors that a trained model would lose.
func (m *Model[T]) onlyThese(f *gguf.File) error {
	known := map[string]bool{}
	for _, name := range kept(&m.Config) {
		known[name] = true
	}
	for _, t := range m.Tensors() {
		known[t.Name] = true
	}
	for _, t := range f.Tensors {
		switch {
		case known[t.Name]:
		case strings.Contains(t.Name, ".ffn_") && strings.Count(t.Name, ".") > 3:
			return fmt.Errorf("tensor %q: a file of 2023 with one tensor for each expert cannot be trained: convert the model again", t.Name)
		default:
			return fmt.Errorf("tensor %q cannot be trained, and the trained model would lose it", t.Name)
		}
	}
	return nil
}
