package testmodel

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"strings"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/quant"
)

// AdapterSpec describes an adapter.
type AdapterSpec struct {
	Seed uint64
	Rank int
	Part float64 // share of the tensors that the adapter changes; 1: all that an adapter can change
}

// Make returns a LoRA adapter with random weights: a pair of matrices A and B for
// each matrix or stack of experts' matrices, and norms that replace those of the
// model. If the output is tied to the embedding, the output gets a pair of its own.
func (s AdapterSpec) Make(f *gguf.File) *lora.Adapter {
	r := rand.New(rand.NewPCG(s.Seed, 4))
	noise := func(n int, by float64) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(r.NormFloat64() * by)
		}
		return list
	}
	family, _, _ := f.String("general.architecture")
	a := &lora.Adapter{Path: "noise", Arch: family}
	pair := func(name string, shape []int) {
		p := lora.Pair{Name: name, Rows: shape[len(shape)-2], Cols: shape[len(shape)-1], Rank: s.Rank, Scale: 1.5}
		n := 1
		if len(shape) == 3 {
			p.Stack, n = shape[0], shape[0]
		}
		p.A, p.B = noise(n*s.Rank*p.Cols, 0.1), noise(n*p.Rows*s.Rank, 0.1)
		a.Pairs = append(a.Pairs, p)
	}
	for i := range f.Tensors {
		x := &f.Tensors[i]
		switch {
		case r.Float64() >= s.Part:
		case strings.HasPrefix(x.Name, "per_layer_token_embd") || strings.HasPrefix(x.Name, "per_layer_proj_norm"):
		case strings.Contains(x.Name, "conv1d") || strings.Contains(x.Name, "shortconv.conv.") || !strings.HasSuffix(x.Name, ".weight"):
		case len(x.Shape) >= 2:
			pair(x.Name, x.Shape)
		case strings.Contains(x.Name, "norm") && !strings.Contains(x.Name, "ssm"):
			var data []byte
			for _, v := range noise(x.Elems(), 0.1) {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(1+v))
			}
			a.Whole = append(a.Whole, lora.Whole{Name: x.Name, Type: quant.F32, Shape: x.Shape, Data: data})
		}
	}
	if out := arch.Output.Weight(); f.Tensor(out) == nil {
		pair(out, f.Tensor(arch.TokenEmbed.Weight()).Shape)
	}
	return a
}
