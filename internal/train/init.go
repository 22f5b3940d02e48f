package train

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/ggml"
	"alpaca/internal/model"
	"alpaca/internal/train/random"
)

// Shape is the shape of a new LLaMA.
type Shape struct {
	Dim     int
	Layers  int
	FFNDim  int
	Vocab   int
	Ctx     int // tokens
	Heads   int
	KVHeads int
	HeadDim int
	Eps     float32 // epsilon of RMSNorm
	Rope    ggml.RopeParams
}

// config returns s as the configuration that a file would have.
func (s *Shape) config() model.Config {
	layer := model.LayerConfig{NumHeads: s.Heads, NumKVHeads: s.KVHeads, KeyDim: s.HeadDim, ValueDim: s.HeadDim, FFNDim: s.FFNDim}
	return model.Config{Arch: arch.Llama.Name, TrainCtx: s.Ctx, Dim: s.Dim, NumLayers: s.Layers, VocabSize: s.Vocab, NormEps: s.Eps,
		Layers: slices.Repeat([]model.LayerConfig{layer}, s.Layers), Rope: s.Rope}
}

// New returns a model of shape s with random weights, all trainable. As in GPT-2,
// weights are normally distributed with a standard deviation of 0.02. In matrices whose
// output is added to the hidden state, it is 0.02/√(2·Layers). Weights of norms are 1.
func New[T real](s Shape, tied bool, seed uint64) *Model[T] {
	m := &Model[T]{Config: s.config(), Layers: make([]Layer[T], s.Layers), ropes: func(int) [2]ggml.RopeParams { return [2]ggml.RopeParams{s.Rope} }}
	small := 0.02 / math.Sqrt(2*float64(s.Layers))
	m.Embed = normals[T](arch.TokenEmbed.Weight(), s.Vocab, s.Dim, 0.02, seed)
	for i := range m.Layers {
		name := func(r arch.Role) string { return arch.LayerPrefix(i) + r.Weight() }
		matrix := func(r arch.Role, rows, cols int, deviation float64) Linear[T] {
			return Linear[T]{W: normals[T](name(r), rows, cols, deviation, seed)}
		}
		m.Layers[i] = Layer[T]{
			Shape:    m.Config.Layers[i],
			AttnNorm: Norm[T]{W: ones[T](name(arch.AttnNorm), s.Dim)},
			Q:        matrix(arch.AttnQ, s.Heads*s.HeadDim, s.Dim, 0.02),
			K:        matrix(arch.AttnK, s.KVHeads*s.HeadDim, s.Dim, 0.02),
			V:        matrix(arch.AttnV, s.KVHeads*s.HeadDim, s.Dim, 0.02),
			O:        matrix(arch.AttnOut, s.Dim, s.Heads*s.HeadDim, small),
			FFNNorm:  Norm[T]{W: ones[T](name(arch.FFNNorm), s.Dim)},
			Gate:     matrix(arch.FFNGate, s.FFNDim, s.Dim, 0.02),
			Up:       matrix(arch.FFNUp, s.FFNDim, s.Dim, 0.02),
			Down:     matrix(arch.FFNDown, s.Dim, s.FFNDim, small),
		}
	}
	m.OutputNorm.W = ones[T](arch.OutputNorm.Weight(), s.Dim)
	m.Output = m.Embed
	if !tied {
		m.Output = normals[T](arch.Output.Weight(), s.Vocab, s.Dim, 0.02, seed)
	}
	m.sites()
	m.TrainAll()
	return m
}

// normals returns a matrix of normally distributed numbers.
func normals[T real](name string, rows, cols int, deviation float64, seed uint64) *Tensor[T] {
	t := &Tensor[T]{Name: name, Rows: rows, Cols: cols, Data: make([]T, rows*cols)}
	base := random.Hash(seed, random.ForInit, random.Text(name))
	for i := range t.Data {
		t.Data[i] = T(deviation * random.Normal(random.Mix(base+2*uint64(i)), random.Mix(base+2*uint64(i)+1)))
	}
	return t
}

// ones returns a vector of ones.
func ones[T real](name string, n int) *Tensor[T] {
	t := &Tensor[T]{Name: name, Rows: 1, Cols: n, Vector: true, Data: make([]T, n)}
	for i := range t.Data {
		t.Data[i] = 1
	}
	return t
}

// sites numbers the linear layers. Dropout depends on these numbers.
func (m *Model[T]) sites() {
	n := uint64(0)
	m.eachLinear(func(_ int, x member[T]) {
		n++
		x.linear.site = n
	})
	m.EmbedLoRA.W, m.OutputLoRA.W = m.Embed, m.Output
	m.OutputLoRA.site = n + 1
}

// Freeze makes all tensors untrainable.
func (m *Model[T]) Freeze() {
	for _, t := range m.Tensors() {
		t.Grad, t.M, t.V = nil, nil, nil
	}
}

// AddLoRA freezes the model. It puts a trainable adapter on each linear layer that can have one
// (Adaptable), if the function wanted returns true for its role. A is uniform in ±1/√in, as in
// PyTorch's linear layers. B is 0, so an adapter changes nothing at first. For the embedding, A is
// 0 and B is normally distributed, as in peft. The scale is alpha/rank or, if o.Stable is true,
// alpha/√rank (arXiv:2312.03732).
func (m *Model[T]) AddLoRA(o LoRA, wanted func(role arch.Role) bool) {
	m.Freeze()
	m.Rank = o.Rank
	m.eachLinear(func(_ int, x member[T]) {
		if x.adaptable() && wanted(x.role) {
			x.linear.adapt(x.linear.W.Name, o)
		}
	})
	if wanted(arch.Output) { // even if the embedding is the same matrix: this adapter changes only the output
		m.OutputLoRA.adapt(arch.Output.Weight(), o)
	}
	if wanted(arch.TokenEmbed) {
		l := &m.EmbedLoRA
		l.table = true
		l.A = &Tensor[T]{Name: l.W.Name + loraA, Rows: m.Embed.Rows, Cols: o.Rank, Data: make([]T, o.Rank*m.Embed.Rows)}
		l.B = normals[T](l.W.Name+loraB, m.Config.Dim, o.Rank, 1, o.Seed)
		l.Scale = T(o.scale())
		l.A.train()
		l.B.train()
	}
}

// loraA and loraB are the suffixes of the names of an adapter's tensors.
const loraA, loraB = ".lora_a", ".lora_b"

// adapt puts an adapter on l. name is the name of l's tensor.
func (l *Linear[T]) adapt(name string, o LoRA) {
	l.A = &Tensor[T]{Name: name + loraA, Rows: o.Rank, Cols: l.W.Cols, Data: make([]T, o.Rank*l.W.Cols)}
	l.B = &Tensor[T]{Name: name + loraB, Rows: l.W.Rows, Cols: o.Rank, Data: make([]T, o.Rank*l.W.Rows)}
	l.Scale = T(o.scale())
	base, bound := random.Hash(o.Seed, random.ForInit, random.Text(l.A.Name)), 1/math.Sqrt(float64(l.W.Cols))
	for e := range l.A.Data {
		l.A.Data[e] = T((2*random.Uniform(random.Mix(base+uint64(e))) - 1) * bound)
	}
	l.A.train()
	l.B.train()
}

// LoRA are the settings of new adapters.
type LoRA struct {
	Rank   int
	Alpha  float64
	Stable bool // rank-stabilized: scale alpha/√rank
	Seed   uint64
}

func (o LoRA) scale() float64 {
	if o.Stable {
		return o.Alpha / math.Sqrt(float64(o.Rank))
	}
	return o.Alpha / float64(o.Rank)
}

// Adaptable returns the roles of matrices in layers that can have adapters, in the order
// of files.
func (m *Model[T]) Adaptable() (list []arch.Role) {
	m.eachLinear(func(_ int, x member[T]) {
		if x.adaptable() && !slices.Contains(list, x.role) {
			list = append(list, x.role)
		}
	})
	return list
}

// ParseShape returns the shape of a LLaMA from WIDTHxLAYERS, such as 192x6. Heads have 32
// elements, or 64 from a width of 512 on. The feed-forward network has 8/3 of the width,
// rounded up to a multiple of 32. The caller sets Vocab and Ctx.
func ParseShape(text string) (Shape, error) {
	w, l, ok := strings.Cut(strings.ToLower(text), "x")
	width, err1 := strconv.Atoi(w)
	layers, err2 := strconv.Atoi(l)
	head := 32
	if width >= 512 {
		head = 64
	}
	if !ok || err1 != nil || err2 != nil || width < head || width > 8192 || width%head != 0 || layers < 1 || layers > 256 {
		return Shape{}, fmt.Errorf("%q must be WIDTHxLAYERS, such as 192x6; the width must be a multiple of 32, or of 64 if it is 512 or more", text)
	}
	ffn := (width*8/3 + 31) / 32 * 32
	return Shape{Dim: width, Layers: layers, FFNDim: ffn, Heads: width / head, KVHeads: width / head, HeadDim: head,
		Eps: 1e-5, Rope: ggml.RopeParams{Dim: head, Base: 10000}}, nil
}
