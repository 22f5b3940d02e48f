package model_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"

	"github.com/stretchr/testify/require"
)

// shape describes a small model with random weights, for features that the shared models lack.
type shape struct {
	dim, layers, heads, kvHeads, ffn, vocab int
	keyDim, valueDim                        int // 0 means dim/heads
	experts, used                           int
	splitExperts                            bool // each expert has tensors of its own, as in files of 2023
	tied, biases                            bool
	typ                                     quant.Type                // the type of matrices
	down                                    quant.Type                // the type of ffn_down and output
	pick                                    func(cols int) quant.Type // if not nil, it returns the type of a matrix with cols columns
	kv                                      []gguf.KV                 // further metadata
	ropeFactors                             []float32
	seed                                    uint64
}

// small is the shape that most tests use.
var small = shape{dim: 64, layers: 2, heads: 4, kvHeads: 2, ffn: 96, vocab: 100, typ: quant.F32, down: quant.F32}

// tensors returns the model's tensors with their data.
func (s shape) tensors() (list []gguf.Tensor) {
	rng := rand.New(rand.NewPCG(s.seed, 99))
	add := func(t quant.Type, name string, offset, scale float32, shape ...int) {
		n := 1
		for _, d := range shape {
			n *= d
		}
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(scale*(rng.Float32()*2-1)) + offset
		}
		list = append(list, gguf.Tensor{Name: name, Type: t, Shape: shape, Data: encode(t, x, shape[len(shape)-1])})
	}
	matrix := func(t quant.Type, name string, shape ...int) {
		if s.pick != nil {
			t = s.pick(shape[len(shape)-1])
		}
		add(t, name+".weight", 0, 2/float32(math.Sqrt(float64(shape[len(shape)-1]))), shape...)
		if s.biases && len(shape) == 2 && name != "token_embd" && name != "output" {
			add(quant.F32, name+".bias", 0, 0.5, shape[0])
		}
	}
	matrix(s.typ, "token_embd", s.vocab, s.dim)
	for i := range s.layers {
		p := fmt.Sprintf("blk.%d.", i)
		add(quant.F32, p+"attn_norm.weight", 1, 0.2, s.dim)
		matrix(s.typ, p+"attn_q", s.heads*s.keyDim, s.dim)
		matrix(s.typ, p+"attn_k", s.kvHeads*s.keyDim, s.dim)
		matrix(s.typ, p+"attn_v", s.kvHeads*s.valueDim, s.dim)
		matrix(s.typ, p+"attn_output", s.dim, s.heads*s.valueDim)
		add(quant.F32, p+"ffn_norm.weight", 1, 0.2, s.dim)
		switch {
		case s.experts == 0:
			matrix(s.typ, p+"ffn_gate", s.ffn, s.dim)
			matrix(s.typ, p+"ffn_up", s.ffn, s.dim)
			matrix(s.down, p+"ffn_down", s.dim, s.ffn)
		case s.splitExperts:
			matrix(quant.F32, p+"ffn_gate_inp", s.experts, s.dim)
			for _, m := range []struct {
				name       string
				rows, cols int
			}{{"ffn_gate", s.ffn, s.dim}, {"ffn_up", s.ffn, s.dim}, {"ffn_down", s.dim, s.ffn}} {
				for e := range s.experts {
					matrix(s.typ, fmt.Sprintf("%s%s.%d", p, m.name, e), m.rows, m.cols)
				}
			}
		default:
			matrix(quant.F32, p+"ffn_gate_inp", s.experts, s.dim)
			matrix(s.typ, p+"ffn_gate_exps", s.experts, s.ffn, s.dim)
			matrix(s.typ, p+"ffn_up_exps", s.experts, s.ffn, s.dim)
			matrix(s.typ, p+"ffn_down_exps", s.experts, s.dim, s.ffn)
		}
	}
	add(quant.F32, "output_norm.weight", 1, 0.2, s.dim)
	if !s.tied {
		matrix(s.down, "output", s.vocab, s.dim)
	}
	if s.ropeFactors != nil {
		list = append(list, gguf.Tensor{Name: "rope_freqs.weight", Type: quant.F32, Shape: []int{len(s.ropeFactors)}, Data: encode(quant.F32, s.ropeFactors, len(s.ropeFactors))})
	}
	return list
}

func encode(t quant.Type, x []float32, cols int) []byte {
	if t == quant.F32 {
		var b []byte
		for _, v := range x {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		return b
	}
	b := make([]byte, len(x)/cols*t.RowBytes(cols))
	quant.Encode(t, b, x, cols, nil)
	return b
}

func (s shape) metadata() []gguf.KV {
	kv := []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str("llama")},
		{Key: "llama.context_length", Value: gguf.U32(512)},
		{Key: "llama.embedding_length", Value: gguf.U32(uint32(s.dim))},
		{Key: "llama.block_count", Value: gguf.U32(uint32(s.layers))},
		{Key: "llama.feed_forward_length", Value: gguf.U32(uint32(s.ffn))},
		{Key: "llama.attention.head_count", Value: gguf.U32(uint32(s.heads))},
		{Key: "llama.attention.head_count_kv", Value: gguf.U32(uint32(s.kvHeads))},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: gguf.F32(1e-5)},
	}
	if s.keyDim*s.heads != s.dim || s.valueDim != s.keyDim {
		kv = append(kv,
			gguf.KV{Key: "llama.attention.key_length", Value: gguf.U32(uint32(s.keyDim))},
			gguf.KV{Key: "llama.attention.value_length", Value: gguf.U32(uint32(s.valueDim))})
	}
	if s.experts > 0 {
		kv = append(kv,
			gguf.KV{Key: "llama.expert_count", Value: gguf.U32(uint32(s.experts))},
			gguf.KV{Key: "llama.expert_used_count", Value: gguf.U32(uint32(s.used))})
	}
	return append(kv, s.kv...)
}

func (s shape) withDefaults() shape {
	if s.keyDim == 0 {
		s.keyDim = s.dim / s.heads
	}
	if s.valueDim == 0 {
		s.valueDim = s.dim / s.heads
	}
	return s
}

// write writes the model to a file and returns its path.
func (s shape) write(t testing.TB) string {
	s = s.withDefaults()
	path := filepath.Join(t.TempDir(), "noise.gguf")
	writeFile(t, path, s.metadata(), s.tensors())
	return path
}

func writeFile(t testing.TB, path string, kv []gguf.KV, tensors []gguf.Tensor) {
	w, err := gguf.Create(path, kv, tensors)
	require.NoError(t, err)
	defer w.Abort()
	for _, tensor := range tensors {
		require.NoError(t, w.WriteTensor(tensor.Name, tensor.Data))
	}
	require.NoError(t, w.Commit())
}

// loadNoise opens a model without vocabulary.
func loadNoise(t testing.TB, path string) *model.Model {
	m, err := openNoise(path)
	require.NoError(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func openNoise(path string) (*model.Model, error) {
	f, err := gguf.Open(path)
	if err != nil {
		return nil, err
	}
	m, err := model.Load(f, model.LoadOptions{NoTokenizer: true})
	if err != nil {
		f.Close()
	}
	return m, err
}

func (s shape) load(t testing.TB) *model.Model { return loadNoise(t, s.write(t)) }

// prompt returns n random tokens.
func (s shape) prompt(n int) []int32 {
	rng := rand.New(rand.NewPCG(3, uint64(n)))
	tokens := make([]int32, n)
	for i := range tokens {
		tokens[i] = int32(rng.IntN(s.vocab))
	}
	return tokens
}
