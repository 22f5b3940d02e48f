// Package testmodel makes small models for tests. They can have any architecture. Their weights are
// random numbers from a seed, and their vocabulary can spell any text. They are valid until a test
// damages them. The top-level folder testdata has the expected results of the models of Catalog.
package testmodel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// These are the hyperparameters of the models. Rows and heads are multiples
// of 32, so that they can be quantized. Two query heads share a key head.
const (
	Dim        = 128
	Layers     = 2
	Heads      = 4
	KVHeads    = 2
	HeadDim    = Dim / Heads
	FFNDim     = 192
	ContextLen = 256
)

// Model is a model in memory. Tests may change it in any way before they write it.
type Model struct {
	KV      []gguf.KV
	Tensors []*Tensor
}

// Tensor is a tensor of float32, stored as F32 or F16.
type Tensor struct {
	Name  string
	Type  quant.Type
	Shape []int // row-major, outermost first
	Data  []float32
}

// Spec describes a model. The zero value with a seed is a LLaMA.
type Spec struct {
	Arch    *arch.Arch // nil: llama
	Seed    uint64
	BPE     bool // a byte-level BPE vocabulary instead of a SentencePiece-style vocabulary
	Dim     int  // elements of a token's state; 0: the constant Dim
	Layers  int  // 0: the constant Layers
	KeyDim  int  // elements of a head; 0: Dim/Heads
	Turning int  // elements of a head that RoPE rotates; 0: all
	Window  int  // positions that a token sees in layers with a sliding window; 0: the architecture's default
	Inputs  int  // elements of a layer's own input; 0: none
	Shared  int  // how many layers at the end use keys and values of earlier layers
	Tied    bool // the token embedding is also the output matrix
	Experts int  // experts of a layer, of which a token uses two; 0: none, or 6 if the architecture needs experts
	// Vary makes each layer differ from the layer before in the
	// numbers of heads, the feed-forward length and the window.
	Vary bool
	More func(*Model) // makes further changes at the end; may be nil
}

// SPM returns a LLaMA with a SentencePiece-style vocabulary, its weights in F32.
func SPM(seed uint64) *Model { return Spec{Seed: seed}.Make() }

// BPE returns a LLaMA with a byte-level BPE vocabulary, its weights in F32.
func BPE(seed uint64) *Model { return Spec{Seed: seed, BPE: true}.Make() }

// Make makes the model: metadata, vocabulary and random weights.
func (s Spec) Make() *Model {
	if s.Arch == nil {
		s.Arch = &arch.Llama
	}
	if s.Dim == 0 {
		s.Dim = Dim
	}
	if s.KeyDim == 0 {
		s.KeyDim = s.Dim / Heads
	}
	if s.Turning == 0 {
		s.Turning = s.KeyDim
	}
	if s.Arch.FFN == nil && s.Experts == 0 {
		s.Experts = 6
	}
	if s.Layers == 0 {
		s.Layers = Layers
	}
	vocab := spmVocab()
	if s.BPE {
		vocab = bpeVocab()
	}
	h := arch.Hparams{
		Sizes: arch.Sizes{
			Dim: s.Dim, FFNDim: FFNDim * s.Dim / Dim, NumHeads: Heads, NumKVHeads: KVHeads,
			KeyDim: s.KeyDim, ValueDim: s.KeyDim, RopeDim: s.Turning, NumExperts: s.Experts,
			ExpertFFN: FFNDim * s.Dim / Dim, LayerInput: s.Inputs, AllInputs: s.Inputs * s.Layers,
		},
		Context: ContextLen, Layers: s.Layers, Window: s.Window, Used: 2, NormEps: 1e-5, Shared: s.Shared, LocalDim: s.KeyDim / 2,
	}
	if s.Arch.FFN == nil { // FFNDim counts the elements of all experts of a token; ExpertFFN counts those of one expert
		h.ExpertFFN /= 2
		if s.Arch.HasRole(arch.SharedFFNUp) {
			h.SharedFFN = h.FFNDim
		}
	}
	switch {
	case s.Arch.Conv:
		h.Taps = 3
	case s.Arch.Delta:
		h.Taps, h.SSMState, h.SSMGroups, h.SSMHeads, h.SSMInner = 4, HeadDim, 2, 4, 4*HeadDim
	}
	m := &Model{KV: []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(s.Arch.Name)},
		{Key: "general.name", Value: gguf.Str("noise for tests")},
	}}
	m.KV = append(m.KV, gguf.Hparams(s.Arch, &h)...)
	m.KV = append(m.KV, vocab...)
	h.VocabSize = m.value("tokenizer.ggml.tokens").Len()
	rng := rand.New(rand.NewPCG(s.Seed, 0))
	layers := s.layers(m, h.Sizes)
	for name, t := range s.Arch.Tensors(s.Layers, s.Experts > 0) {
		sizes := &layers[0]
		if n := 0; strings.HasPrefix(name, "blk.") {
			fmt.Sscanf(name, "blk.%d.", &n)
			sizes = &layers[n]
		}
		switch {
		case !sizes.In(t.In):
		case t.Optional && !always[t.Role] && (t.Role != arch.Output || s.Tied):
		case t.Role == arch.DeltaA: // negative decay rates
			m.vector(rng, name, sizes.Of(t.Cols), -0.5)
		case t.IsVector():
			m.vector(rng, name+t.Suffix(), sizes.Of(t.Cols), 1)
			if t.Bias {
				m.vector(rng, name+".bias", sizes.Of(t.Cols), 0)
			}
		default:
			shape := t.Shape(sizes)
			m.matrix(rng, name+".weight", shape)
			if t.Bias {
				m.bias(rng, name+".bias", shape[:len(shape)-1])
			}
		}
	}
	if s.More != nil {
		s.More(m)
	}
	return m
}

// always lists the optional tensors that all models here have.
var always = map[arch.Role]bool{arch.FFNNorm: true, arch.AttnV: true, arch.LayerScale: true}

// layers returns the sizes of each layer. If they vary, it replaces the numbers in m's metadata by
// arrays.
func (s Spec) layers(m *Model, sizes arch.Sizes) []arch.Sizes {
	list := make([]arch.Sizes, s.Layers)
	var heads, kvHeads, ffn, windows []int32
	for i := range list {
		list[i] = sizes
		switch list[i].Taps = 0; {
		case s.Arch.Conv && i%2 == 0:
			list[i].NumKVHeads, list[i].Taps = 0, sizes.Taps
		case s.Arch.Delta && i%4 != 3:
			list[i].Delta, list[i].Taps = true, sizes.Taps
		}
		if w := s.Arch.Windows; w.OwnHeads && s.Window > 0 && i%w.Period != w.Period-1 {
			list[i].KeyDim, list[i].ValueDim = sizes.KeyDim/2, sizes.ValueDim/2
		}
		list[i].SharedKV = i >= s.Layers-s.Shared
		if s.Vary {
			list[i].NumHeads, list[i].NumKVHeads = Heads<<(i%2), KVHeads>>(i%2)
			list[i].FFNDim -= 64 * (i % 2)
		}
		heads, kvHeads = append(heads, int32(list[i].NumHeads)), append(kvHeads, int32(list[i].NumKVHeads))
		ffn, windows = append(ffn, int32(list[i].FFNDim)), append(windows, int32(9*(i%2)))
	}
	if s.Arch.Conv {
		m.Set(s.Arch.Name+"."+arch.KeyKVHeads, gguf.I32s(kvHeads))
	}
	if s.Vary {
		prefix := s.Arch.Name + "."
		m.Set(prefix+arch.KeyHeads, gguf.I32s(heads)).Set(prefix+arch.KeyKVHeads, gguf.I32s(kvHeads))
		m.Set(prefix+arch.KeyFFN, gguf.I32s(ffn)).Set(prefix+arch.KeyWindow, gguf.I32s(windows))
		m.Set(prefix+arch.KeyKeyLength, gguf.U32(uint32(s.KeyDim))).Set(prefix+arch.KeyValueLength, gguf.U32(uint32(s.KeyDim)))
	}
	return list
}

// matrix adds a random tensor whose products are about as large as their inputs.
func (m *Model) matrix(rng *rand.Rand, name string, shape []int) {
	scale := 4 / float32(math.Sqrt(float64(shape[len(shape)-1]))) // Sqrt is exact on every machine
	m.add(name, shape, func() float32 { return scale * (rng.Float32() - 0.5) })
}

// vector adds a tensor of n elements around middle, which is 1 for a norm's weights and 0 for a
// bias.
func (m *Model) vector(rng *rand.Rand, name string, n int, middle float32) {
	m.add(name, []int{n}, func() float32 { return middle - 0.25 + 0.5*rng.Float32() })
}

// bias adds the bias of a matrix, or the biases of a stack, around 0.
func (m *Model) bias(rng *rand.Rand, name string, shape []int) {
	m.add(name, slices.Clone(shape), func() float32 { return -0.25 + 0.5*rng.Float32() })
}

// add adds a tensor. next returns its elements, one by one.
func (m *Model) add(name string, shape []int, next func() float32) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	t := &Tensor{Name: name, Type: quant.F32, Shape: shape, Data: make([]float32, n)}
	for i := range t.Data {
		t.Data[i] = next()
	}
	m.Tensors = append(m.Tensors, t)
}

// Write writes the model to a temporary file and returns its path.
func (m *Model) Write(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.gguf")
	require.NoError(t, m.WriteTo(path))
	return path
}

// WriteTo writes the model to the file at path.
func (m *Model) WriteTo(path string) error {
	infos := make([]gguf.Tensor, len(m.Tensors))
	for i, t := range m.Tensors {
		infos[i] = gguf.Tensor{Name: t.Name, Type: t.Type, Shape: t.Shape}
	}
	w, err := gguf.Create(path, m.KV, infos)
	if err != nil {
		return err
	}
	defer w.Abort()
	for _, t := range m.Tensors {
		if err := w.WriteTensor(t.Name, t.encode()); err != nil {
			return err
		}
	}
	return w.Commit()
}
