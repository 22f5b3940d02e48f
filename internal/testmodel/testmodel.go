// Package testmodel makes small models for tests: LLaMAs of seeded noise with
// a vocabulary that can spell anything, valid in every respect until a test
// damages them.
//
//	m := testmodel.SPM(1)
//	m.Set("llama.block_count", gguf.U32(99))
//	path := m.Write(t)
package testmodel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// The hyperparameters of the models. Rows and heads are multiples of 32, so that
// they can be quantized; heads are grouped by two.
const (
	Dim        = 128
	Layers     = 2
	Heads      = 4
	KVHeads    = 2
	HeadDim    = Dim / Heads
	FFNDim     = 192
	ContextLen = 256
)

// Model is a model before it is written. Tests may change it in any way.
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

// SPM returns a model with a SentencePiece-style vocabulary, its weights in
// F32.
func SPM(seed uint64) *Model { return build(seed, spmVocab()) }

// BPE returns a model with a byte-level BPE vocabulary, its weights in F32.
func BPE(seed uint64) *Model { return build(seed, bpeVocab()) }

// build puts metadata, vocabulary and noise together.
func build(seed uint64, vocab []gguf.KV) *Model {
	m := &Model{KV: []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str("llama")},
		{Key: "general.name", Value: gguf.Str("noise for tests")},
		{Key: "llama.context_length", Value: gguf.U32(ContextLen)},
		{Key: "llama.embedding_length", Value: gguf.U32(Dim)},
		{Key: "llama.block_count", Value: gguf.U32(Layers)},
		{Key: "llama.feed_forward_length", Value: gguf.U32(FFNDim)},
		{Key: "llama.attention.head_count", Value: gguf.U32(Heads)},
		{Key: "llama.attention.head_count_kv", Value: gguf.U32(KVHeads)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: gguf.F32(1e-5)},
		{Key: "llama.rope.dimension_count", Value: gguf.U32(HeadDim)},
	}}
	m.KV = append(m.KV, vocab...)
	n := m.value("tokenizer.ggml.tokens").Len()
	rng := rand.New(rand.NewPCG(seed, 0))
	m.matrix(rng, "token_embd.weight", n, Dim)
	for i := range Layers {
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s.weight", i, s) }
		m.norm(rng, name("attn_norm"))
		m.matrix(rng, name("attn_q"), Heads*HeadDim, Dim)
		m.matrix(rng, name("attn_k"), KVHeads*HeadDim, Dim)
		m.matrix(rng, name("attn_v"), KVHeads*HeadDim, Dim)
		m.matrix(rng, name("attn_output"), Dim, Heads*HeadDim)
		m.norm(rng, name("ffn_norm"))
		m.matrix(rng, name("ffn_gate"), FFNDim, Dim)
		m.matrix(rng, name("ffn_up"), FFNDim, Dim)
		m.matrix(rng, name("ffn_down"), Dim, FFNDim)
	}
	m.norm(rng, "output_norm.weight")
	m.matrix(rng, "output.weight", n, Dim)
	return m
}

// matrix adds a tensor [rows, cols] of noise whose products keep the size of
// what they are multiplied with.
func (m *Model) matrix(rng *rand.Rand, name string, rows, cols int) {
	t := &Tensor{Name: name, Type: quant.F32, Shape: []int{rows, cols}, Data: make([]float32, rows*cols)}
	scale := 4 / float32(math.Sqrt(float64(cols))) // Sqrt is exact everywhere
	for i := range t.Data {
		t.Data[i] = scale * (rng.Float32() - 0.5)
	}
	m.Tensors = append(m.Tensors, t)
}

// norm adds a norm's weights [Dim], around 1.
func (m *Model) norm(rng *rand.Rand, name string) {
	t := &Tensor{Name: name, Type: quant.F32, Shape: []int{Dim}, Data: make([]float32, Dim)}
	for i := range t.Data {
		t.Data[i] = 0.75 + 0.5*rng.Float32()
	}
	m.Tensors = append(m.Tensors, t)
}

// Set adds a metadata entry or replaces it.
func (m *Model) Set(key string, value gguf.Value) *Model {
	if i := m.index(key); i >= 0 {
		m.KV[i].Value = value
	} else {
		m.KV = append(m.KV, gguf.KV{Key: key, Value: value})
	}
	return m
}

// Unset removes a metadata entry.
func (m *Model) Unset(key string) *Model {
	m.KV = slices.DeleteFunc(m.KV, func(kv gguf.KV) bool { return kv.Key == key })
	return m
}

// Drop removes a tensor.
func (m *Model) Drop(name string) *Model {
	m.Tensors = slices.DeleteFunc(m.Tensors, func(t *Tensor) bool { return t.Name == name })
	return m
}

// Tensor returns the tensor of that name; it panics if there is none.
func (m *Model) Tensor(name string) *Tensor {
	for _, t := range m.Tensors {
		if t.Name == name {
			return t
		}
	}
	panic("testmodel: no tensor " + name)
}

// As changes the type of all matrices: F32 or F16, to which they are rounded.
func (m *Model) As(typ quant.Type) *Model {
	for _, t := range m.Tensors {
		if len(t.Shape) > 1 {
			t.Type = typ
		}
	}
	return m
}

// VocabOnly removes all tensors.
func (m *Model) VocabOnly() *Model {
	m.Tensors = nil
	return m
}

func (m *Model) index(key string) int {
	return slices.IndexFunc(m.KV, func(kv gguf.KV) bool { return kv.Key == key })
}

func (m *Model) value(key string) gguf.Value { return m.KV[m.index(key)].Value }

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
