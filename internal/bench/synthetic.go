package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// shape is the size of a published model.
type shape struct {
	arch                          *arch.Arch
	name                          string
	dim, ffn, layers, heads, kvHs int
	head                          int // elements of a head; 0: dim/heads
	vocab                         int
	tied                          bool // the output is the token embedding
	window                        int  // of the layers that have one; 0: none
}

// shapes are those that Synthetic knows: LLaMA 1 and 2, TinyLlama, OpenLLaMA and the
// layers of Llama 3; Qwen 2.5; Qwen 3; Gemma 1 to 3.
var shapes = []shape{
	{&arch.Llama, "160M", 768, 3072, 12, 12, 12, 0, 32000, false, 0},
	{&arch.Llama, "1B", 2048, 5632, 22, 32, 4, 0, 32000, false, 0},
	{&arch.Llama, "3B", 3072, 8192, 28, 24, 8, 0, 32000, false, 0},
	{&arch.Llama, "7B", 4096, 11008, 32, 32, 32, 0, 32000, false, 0},
	{&arch.Llama, "8B", 4096, 14336, 32, 32, 8, 0, 32000, false, 0},
	{&arch.Llama, "13B", 5120, 13824, 40, 40, 40, 0, 32000, false, 0},
	{&arch.Llama, "30B", 6656, 17920, 60, 52, 52, 0, 32000, false, 0},
	{&arch.Llama, "65B", 8192, 22016, 80, 64, 64, 0, 32000, false, 0},
	{&arch.Llama, "70B", 8192, 28672, 80, 64, 8, 0, 32000, false, 0},
	{&arch.Qwen2, "qwen2-0.5B", 896, 4864, 24, 14, 2, 0, 151936, true, 0},
	{&arch.Qwen2, "qwen2-1.5B", 1536, 8960, 28, 12, 2, 0, 151936, true, 0},
	{&arch.Qwen2, "qwen2-3B", 2048, 11008, 36, 16, 2, 0, 151936, true, 0},
	{&arch.Qwen2, "qwen2-7B", 3584, 18944, 28, 28, 4, 0, 152064, false, 0},
	{&arch.Qwen2, "qwen2-14B", 5120, 13824, 48, 40, 8, 0, 152064, false, 0},
	{&arch.Qwen2, "qwen2-32B", 5120, 27648, 64, 40, 8, 0, 152064, false, 0},
	{&arch.Qwen2, "qwen2-72B", 8192, 29568, 80, 64, 8, 0, 152064, false, 0},
	{&arch.Qwen3, "qwen3-0.6B", 1024, 3072, 28, 16, 8, 128, 151936, true, 0},
	{&arch.Qwen3, "qwen3-1.7B", 2048, 6144, 28, 16, 8, 128, 151936, true, 0},
	{&arch.Qwen3, "qwen3-4B", 2560, 9728, 36, 32, 8, 128, 151936, true, 0},
	{&arch.Qwen3, "qwen3-8B", 4096, 12288, 36, 32, 8, 128, 151936, false, 0},
	{&arch.Qwen3, "qwen3-14B", 5120, 17408, 40, 40, 8, 128, 151936, false, 0},
	{&arch.Qwen3, "qwen3-32B", 5120, 25600, 64, 64, 8, 128, 151936, false, 0},
	{&arch.Gemma, "gemma-2B", 2048, 16384, 18, 8, 1, 256, 256000, true, 0},
	{&arch.Gemma, "gemma-7B", 3072, 24576, 28, 16, 16, 256, 256000, true, 0},
	{&arch.Gemma2, "gemma2-2B", 2304, 9216, 26, 8, 4, 256, 256000, true, 4096},
	{&arch.Gemma2, "gemma2-9B", 3584, 14336, 42, 16, 8, 256, 256000, true, 4096},
	{&arch.Gemma2, "gemma2-27B", 4608, 36864, 46, 32, 16, 128, 256000, true, 4096},
	{&arch.Gemma3, "gemma3-270M", 640, 2048, 18, 4, 1, 256, 262144, true, 512},
	{&arch.Gemma3, "gemma3-1B", 1152, 6912, 26, 4, 1, 256, 262144, true, 512},
	{&arch.Gemma3, "gemma3-4B", 2560, 10240, 34, 8, 4, 256, 262144, true, 1024},
	{&arch.Gemma3, "gemma3-12B", 3840, 15360, 48, 16, 8, 256, 262144, true, 1024},
	{&arch.Gemma3, "gemma3-27B", 5376, 21504, 62, 32, 16, 128, 262144, true, 1024},
}

// hparams returns the numbers of a model of that size.
func (s *shape) hparams() arch.Hparams {
	head := s.head
	if head == 0 {
		head = s.dim / s.heads
	}
	return arch.Hparams{
		Sizes: arch.Sizes{
			VocabSize: s.vocab, Dim: s.dim, FFNDim: s.ffn, NumHeads: s.heads, NumKVHeads: s.kvHs,
			KeyDim: head, ValueDim: head, RopeDim: head,
		},
		Context: max(4096, 32*s.window), Layers: s.layers, Window: s.window, NormEps: 1e-5,
	}
}

// noise is the bytes that matrices are filled with, over and over: a prime
// number of blocks, so that rows differ.
const noiseBlocks = 8191

// Synthetic makes a model of noise in memory by its "SIZE:TYPE", such as
// "7B:q4_0" or "qwen3-8B:q4_0": it runs exactly as fast as a real one. available is the memory that
// may be used, in bytes, 0 where it is not known; a model that does not fit is
// refused before anything is allocated.
func Synthetic(ctx context.Context, spec string, available int64) (*gguf.File, error) {
	name, typeName, found := strings.Cut(spec, ":")
	i := slices.IndexFunc(shapes, func(s shape) bool { return strings.EqualFold(s.name, strings.TrimPrefix(name, "llama-")) })
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
	s := &shapes[i]
	if !quant.CanCompute(t) || t.BlockLen() > 256 || s.dim%t.BlockLen() != 0 || s.ffn%t.BlockLen() != 0 {
		return nil, fmt.Errorf("bench: synthetic model %q: %v cannot hold rows of %d and %d weights", spec, t, s.dim, s.ffn)
	}
	return s.make(ctx, spec, t, available)
}

// make makes the model with matrices of type t.
func (s *shape) make(ctx context.Context, spec string, t quant.Type, available int64) (*gguf.File, error) {
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
	return gguf.FromMemory("synthetic-"+strings.ToLower(spec), "gguf", 3, s.metadata(), tensors)
}

// metadata returns what the model's file would say.
func (s *shape) metadata() []gguf.KV {
	h := s.hparams()
	return append([]gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(s.arch.Name)},
		{Key: "general.name", Value: gguf.Str("noise " + s.name)},
	}, gguf.Hparams(s.arch, &h)...)
}

// tensors lists the model's tensors, without their data: matrices as t.
func (s *shape) tensors(t quant.Type) []gguf.Tensor {
	sizes := s.hparams().Sizes
	var list []gguf.Tensor
	add := func(name string, t quant.Type, dims []int) {
		tensor := gguf.Tensor{Name: name, Type: t, Shape: dims}
		tensor.Bytes = int64(tensor.Rows()) * int64(t.RowBytes(tensor.Cols()))
		list = append(list, tensor)
	}
	for name, x := range s.arch.Tensors(s.layers, false) {
		shape := x.Shape(&sizes)
		switch {
		case x.Optional && (x.Role != arch.Output || s.tied):
		case x.IsVector():
			add(name+".weight", quant.F32, shape)
		default:
			add(name+".weight", t, shape)
			if x.Bias {
				add(name+".bias", quant.F32, shape[:1])
			}
		}
	}
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

// fill gives t its data: ones for a norm or a bias, noise for a matrix.
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
