package model_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/gguf"
	"alpaca/internal/model"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// TestHeadsWithNormsOfTheirOwn compares a StableLM model in the form of StableLM 2 12B with torch
// (transformers 5.24, StableLmForCausalLM with qk_layernorm and use_parallel_residual). The model
// is the shared StableLM model, but without the norms before the feed-forward network, and with a
// LayerNorm for each head. The weight of element i of head h in layer l is 1+sin(7h+i+3l+100k)/2,
// where k is 1 for keys and 0 for queries.
func TestHeadsWithNormsOfTheirOwn(t *testing.T) {
	f, err := gguf.Open(testshared.Path(t, "models/arch/stablelm.gguf"))
	require.NoError(t, err)
	defer f.Close()
	tensors := slices.DeleteFunc(slices.Clone(f.Tensors), func(x gguf.Tensor) bool { return strings.Contains(x.Name, ".ffn_norm.") })
	const layers, heads, size = 2, 4, 16
	for l := range layers {
		for k, role := range []arch.Role{arch.AttnQNorm, arch.AttnKNorm} {
			var w []float32
			for h := range heads {
				for i := range size {
					w = append(w, float32(1+0.5*math.Sin(float64(7*h+i+3*l+100*k))))
				}
			}
			x := gguf.Tensor{Name: fmt.Sprintf("blk.%d.%s", l, role.Weight()), Type: quant.F32, Shape: []int{heads, size}, Data: make([]byte, 4*len(w)), Bytes: int64(4 * len(w))}
			quant.Encode(quant.F32, x.Data, w, size, nil)
			tensors = append(tensors, x)
		}
	}
	plain, err := gguf.FromMemory("stablelm with norms of heads", "gguf", 3, f.KV, tensors)
	require.NoError(t, err)
	m, err := model.Load(plain, model.LoadOptions{})
	require.NoError(t, err)
	f32 := quant.F32
	s := session(t, m, model.SessionOptions{Threads: 2, CacheK: &f32, CacheV: &f32})
	want := map[int]map[int32]float64{
		0:  {336: -0.52763, 295: -2.84857, 382: -3.37193, 35: -3.50105},
		5:  {335: -0.7425, 284: -2.07187, 228: -2.84145, 229: -3.45782},
		11: {63: -1.75516, 114: -2.0508, 353: -2.26931, 45: -2.69653},
	}
	seen := 0
	require.NoError(t, s.EvalEach(context.Background(), []int32{5, 17, 33, 60, 121, 9, 300, 44, 71, 201, 8, 99}, 0, func(i int, logits []float32) error {
		for id, p := range want[i] {
			require.InDelta(t, p, logprob(logits, id), 3e-5, "position %d, token %d", i, id)
			seen++
		}
		return nil
	}))
	require.Equal(t, 12, seen)
}
