package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// shape is the size of a LLaMA.
type shape struct {
	name                          string
	dim, ffn, layers, heads, kvHs int
}

// shapes are those that Synthetic knows, all with a vocabulary of 32000.
var shapes = []shape{
	{"160M", 768, 3072, 12, 12, 12},
	{"1B", 2048, 5632, 22, 32, 4},
	{"3B", 3072, 8192, 28, 24, 8},
	{"7B", 4096, 11008, 32, 32, 32},
	{"8B", 4096, 14336, 32, 32, 8},
	{"13B", 5120, 13824, 40, 40, 40},
	{"30B", 6656, 17920, 60, 52, 52},
	{"65B", 8192, 22016, 80, 64, 64},
	{"70B", 8192, 28672, 80, 64, 8},
}

const syntheticVocab = 32000

// noise is the bytes that matrices are filled with, over and over: a prime
// number of blocks, so that rows differ.
const noiseBlocks = 8191

// Synthetic makes a model of noise in memory by its "SIZE:TYPE", such as
// "7B:q4_0": it runs exactly as fast as a real one. available is the memory that
// may be used, in bytes, 0 where it is not known; a model that does not fit is
// refused before anything is allocated.
func Synthetic(ctx context.Context, spec string, available int64) (*gguf.File, error) {
	name, typeName, found := strings.Cut(spec, ":")
	i := slices.IndexFunc(shapes, func(s shape) bool { return strings.EqualFold(s.name, name) })
	if !found || i < 0 {
		var names []string
		for _, s := range shapes {
			names = append(names, s.name)
		}
		return nil, fmt.Errorf("bench: synthetic model %q: must be SIZE:TYPE such as 7B:q4_0, with a size of %s", spec, strings.Join(names, ", "))
	}
	t, err := quant.ParseType(typeName)
	if err != nil {
		return nil, err
	}
	s := shapes[i]
	if !quant.CanCompute(t) || t.BlockLen() > 256 || s.dim%t.BlockLen() != 0 || s.ffn%t.BlockLen() != 0 {
		return nil, fmt.Errorf("bench: synthetic model %q: %v cannot hold rows of %d and %d weights", spec, t, s.dim, s.ffn)
	}
	tensors := s.tensors(t)
	var size int64
	for i := range tensors {
		size += tensors[i].Bytes
	}
	if available > 0 && size > available || size > math.MaxInt {
		return nil, fmt.Errorf("bench: synthetic model %q takes %.1f GiB, %.1f GiB of memory are free", spec, float64(size)/(1<<30), float64(available)/(1<<30))
	}
	noise := noiseOf(t)
	for i := range tensors {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		fill(&tensors[i], noise)
	}
	return gguf.FromMemory("synthetic-"+strings.ToLower(spec), "gguf", 3, s.metadata(t), tensors)
}

func (s shape) metadata(t quant.Type) []gguf.KV {
	kv := []gguf.KV{
		{Key: "general.architecture", Value: gguf.Str("llama")},
		{Key: "general.name", Value: gguf.Str("noise " + s.name)},
	}
	for _, n := range []struct {
		key   string
		value int
	}{
		{"context_length", 4096}, {"embedding_length", s.dim}, {"block_count", s.layers},
		{"feed_forward_length", s.ffn}, {"attention.head_count", s.heads}, {"attention.head_count_kv", s.kvHs},
		{"rope.dimension_count", s.dim / s.heads},
	} {
		kv = append(kv, gguf.KV{Key: "llama." + n.key, Value: gguf.U32(uint32(n.value))})
	}
	return append(kv, gguf.KV{Key: "llama.attention.layer_norm_rms_epsilon", Value: gguf.F32(1e-5)})
}

// tensors lists the model's tensors, without their data.
func (s shape) tensors(t quant.Type) []gguf.Tensor {
	var list []gguf.Tensor
	add := func(name string, t quant.Type, dims ...int) {
		tensor := gguf.Tensor{Name: name, Type: t, Shape: dims}
		tensor.Bytes = int64(tensor.Rows()) * int64(t.RowBytes(tensor.Cols()))
		list = append(list, tensor)
	}
	kv := s.dim / s.heads * s.kvHs
	add("token_embd.weight", t, syntheticVocab, s.dim)
	for i := range s.layers {
		p := fmt.Sprintf("blk.%d.", i)
		add(p+"attn_norm.weight", quant.F32, s.dim)
		add(p+"attn_q.weight", t, s.dim, s.dim)
		add(p+"attn_k.weight", t, kv, s.dim)
		add(p+"attn_v.weight", t, kv, s.dim)
		add(p+"attn_output.weight", t, s.dim, s.dim)
		add(p+"ffn_norm.weight", quant.F32, s.dim)
		add(p+"ffn_gate.weight", t, s.ffn, s.dim)
		add(p+"ffn_up.weight", t, s.ffn, s.dim)
		add(p+"ffn_down.weight", t, s.dim, s.ffn)
	}
	add("output_norm.weight", quant.F32, s.dim)
	add("output.weight", t, syntheticVocab, s.dim)
	return list
}

// noiseOf returns blocks of type t of small, finite weights.
func noiseOf(t quant.Type) []byte {
	random := rand.New(rand.NewPCG(1, 0))
	values := make([]float32, noiseBlocks*t.BlockLen())
	for i := range values {
		values[i] = 0.02 * float32(random.NormFloat64())
	}
	noise := make([]byte, noiseBlocks*t.BlockBytes())
	quant.Encode(t, noise, values, t.BlockLen(), nil)
	return noise
}

// fill gives t its data: ones for a norm, noise for a matrix.
func fill(t *gguf.Tensor, noise []byte) {
	t.Data = make([]byte, t.Bytes)
	if len(t.Shape) == 1 {
		for i := 0; i < len(t.Data); i += 4 {
			binary.LittleEndian.PutUint32(t.Data[i:], math.Float32bits(1))
		}
		return
	}
	for n := copy(t.Data, noise); n < len(t.Data); n *= 2 {
		copy(t.Data[n:], t.Data[:n])
	}
}
