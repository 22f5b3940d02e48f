package bench

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// noiseBlocks is the number of random blocks that fill the matrices, over and over.
// It is prime, so that rows differ.
const noiseBlocks = 8191

// Synthetic makes a model with random weights in memory. spec is "SIZE:TYPE", such as "7B:q4_0"
// or "qwen3-8B:q4_0". The model is as fast as a real model of that size. available is the memory
// in bytes that may be used; 0 means that it is unknown. If the model does not fit, Synthetic
// returns an error before it allocates anything. "SIZE@LAYERS:TYPE" makes only LAYERS layers,
// for models that are too large for the machine: each layer takes as long as in the whole model.
func Synthetic(ctx context.Context, spec string, available int64) (*gguf.File, error) {
	name, typeName, found := strings.Cut(spec, ":")
	name, few, cut := strings.Cut(name, "@")
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
	s := shapes[i]
	if cut {
		n, err := strconv.Atoi(few)
		if err != nil || n < 1 || n > s.layers {
			return nil, fmt.Errorf("bench: synthetic model %q: the number of layers must be between 1 and the %d of %s, not %q", spec, s.layers, s.name, few)
		}
		s.layers = n
	}
	inner := cmp.Or(s.moe.ffn, s.ffn)
	if !quant.CanCompute(t) || !quant.CanEncode(t) || t.BlockLen() > 256 || s.dim%t.BlockLen() != 0 || inner%t.BlockLen() != 0 {
		return nil, fmt.Errorf("bench: synthetic model %q: %v cannot hold rows of %d and %d weights", spec, t, s.dim, inner)
	}
	return s.make(ctx, spec, t, available)
}

// make makes the model. Its matrices have type t.
func (s *shape) make(ctx context.Context, spec string, t quant.Type, available int64) (*gguf.File, error) {
	tensors := s.tensors(t)
	var size int64
	for i := range tensors {
		size += tensors[i].Bytes
	}
	if available > 0 && size > available || size > math.MaxInt {
		return nil, fmt.Errorf("bench: synthetic model %q takes %.1f GiB, but only %.1f GiB of memory are free", spec, float64(size)/(1<<30), float64(available)/(1<<30))
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

// metadata returns the metadata of the model's file.
func (s *shape) metadata() []gguf.KV {
	h := s.hparams()
	kv := append([]gguf.KV{
		{Key: "general.architecture", Value: gguf.Str(s.arch.Name)},
		{Key: "general.name", Value: gguf.Str("noise " + s.name)},
	}, gguf.Hparams(s.arch, &h)...)
	kv = append(kv, s.extras()...)
	if !s.arch.Conv {
		return kv
	}
	heads := make([]int32, s.layers)
	for i := range heads {
		if s.taps(i) == 0 {
			heads[i] = int32(s.kvHs)
		}
	}
	key := s.arch.Name + "." + arch.KeyKVHeads
	kv[slices.IndexFunc(kv, func(x gguf.KV) bool { return x.Key == key })].Value = gguf.I32s(heads)
	return kv
}

// extras returns metadata that files of the architecture have in addition to the parameters, with
// the values of published models. Other programs do not load a model that lacks these metadata.
func (s *shape) extras() (kv []gguf.KV) {
	add := func(key string, v gguf.Value) { kv = append(kv, gguf.KV{Key: s.arch.Name + "." + key, Value: v}) }
	switch s.arch {
	case &arch.Granite, &arch.GraniteMoE:
		head := s.dim / s.heads
		add(arch.KeyEmbedScale, gguf.F32(12))
		add(arch.KeyResidual, gguf.F32(0.22))
		add(arch.KeyLogitScale, gguf.F32(8))
		add(arch.KeyAttnScale, gguf.F32(1/float32(head)))
	case &arch.Qwen35:
		pairs := int32(s.turning / 2)
		add("rope.dimension_sections", gguf.I32s([]int32{pairs - 2*(pairs/3), pairs / 3, pairs / 3, 0})) // for positions in pictures
	case &arch.GPTOSS:
		if s.moe.ffn == s.ffn { // otherwise the metadata of Hparams has the key
			add(arch.KeyExpertFFN, gguf.U32(uint32(s.moe.ffn)))
		}
	case &arch.Gemma4:
		slides := make([]bool, s.layers)
		for i := range slides {
			slides[i] = i%s.arch.Windows.Period != s.arch.Windows.Period-1
		}
		add(arch.KeyWindowLayers, gguf.Bools(slides))
	}
	return kv
}

// tensors returns the model's tensors, without their data. Matrices have type t.
func (s *shape) tensors(t quant.Type) []gguf.Tensor {
	h := s.hparams()
	sizes := h.Sizes
	var list []gguf.Tensor
	add := func(name string, t quant.Type, dims []int) {
		tensor := gguf.Tensor{Name: name, Type: t, Shape: dims}
		tensor.Bytes = int64(tensor.Rows()) * int64(t.RowBytes(tensor.Cols()))
		list = append(list, tensor)
	}
	for name, x := range s.arch.Tensors(s.layers, s.experts > 0) {
		layer, _, _ := arch.CutLayer(name)
		sizes.Taps = s.taps(layer)
		sizes.Delta = s.arch.Delta && sizes.Taps > 0
		sizes.SharedKV = layer >= s.layers-s.noKeys
		if w := s.arch.Windows; w.OwnHeads && s.window > 0 {
			if sizes.KeyDim = h.KeyDim; layer%w.Period != w.Period-1 {
				sizes.KeyDim = h.LocalDim
			}
			sizes.ValueDim = sizes.KeyDim
		}
		shape := x.Shape(&sizes)
		switch {
		case !sizes.In(x.In):
		case x.Role == arch.Router || x.Role == arch.SharedRouter: // always F32
			add(name+".weight", quant.F32, shape)
			if x.Bias {
				add(name+".bias", quant.F32, shape[:1])
			}
		case x.Optional && x.Role != arch.FFNNorm && x.Role != arch.AttnV && x.Role != arch.LayerScale && (x.Role != arch.RopeFreqs || s.arch != &arch.Gemma4) && (x.Role != arch.Output || s.tied):
		case x.IsVector() || x.Role == arch.ConvTaps || x.Role == arch.DeltaTaps:
			add(name+x.Suffix(), quant.F32, shape)
			if x.Bias {
				add(name+".bias", quant.F32, shape)
			}
		default:
			add(name+".weight", t, shape)
			if x.Bias {
				add(name+".bias", quant.F32, shape[:len(shape)-1])
			}
		}
	}
	return list
}

// noiseOf returns noiseBlocks blocks of type t with small, finite weights.
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

// fill sets t's data: ones for a norm or a bias, noise for a matrix.
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
