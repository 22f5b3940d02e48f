package quantize

import (
	"context"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/atomicfile"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// TestSplit checks that a split model becomes one file
// or, with KeepSplit, as many files as the input has.
func TestSplit(t *testing.T) {
	model := base(3)
	whole := model.open(t)
	model.split = true
	split := model.open(t)
	opt := Options{Mix: mix(t, "Q4_K_M")}
	plan, err := NewPlan(whole, opt)
	require.NoError(t, err)
	want := run(t, plan, RunOptions{})
	plan, err = NewPlan(split, opt)
	require.NoError(t, err)
	got := run(t, plan, RunOptions{})
	requireSameTensors(t, want, got)
	require.Equal(t, len(want.KV), len(got.KV))

	opt.KeepSplit = true
	plan, err = NewPlan(split, opt)
	require.NoError(t, err)
	dir := t.TempDir()
	res, err := plan.Run(t.Context(), filepath.Join(dir, "out.gguf"), RunOptions{Threads: 2})
	require.NoError(t, err)
	require.Equal(t, []string{"out-00001-of-00003.gguf", "out-00002-of-00003.gguf", "out-00003-of-00003.gguf"}, baseNames(res.Outputs))
	size, err := plan.FileBytes()
	require.NoError(t, err)
	require.Equal(t, size, res.Bytes)
	kept, err := gguf.Open(res.Outputs[1])
	require.NoError(t, err)
	defer kept.Close()
	require.Len(t, kept.Parts, 3)
	require.Equal(t, len(want.KV), len(kept.KV))
	for i := range split.Tensors { // the order and the parts must be those of the input
		name := split.Tensors[i].Name
		require.Equal(t, name, kept.Tensors[i].Name)
		require.Equal(t, split.PartOf(name), kept.PartOf(name))
	}
	_, err = plan.Run(t.Context(), filepath.Join(dir, "out.gguf"), RunOptions{})
	require.ErrorIs(t, err, atomicfile.ErrExists)

	// A file that is not split stays one file.
	plan, err = NewPlan(whole, opt)
	require.NoError(t, err)
	require.Equal(t, []string{"x.gguf"}, plan.OutputPaths("x.gguf"))
}

func baseNames(paths []string) []string {
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names
}

func requireSameTensors(t *testing.T, want, got *gguf.File) {
	t.Helper()
	list, err := CompareTensors(t.Context(), want, got)
	require.NoError(t, err)
	require.Len(t, list, len(want.Tensors))
	for _, d := range list {
		require.True(t, d.Same && d.Equal(), d.Name)
	}
}

// TestRequantize takes a model that is already quantized, and quantizes it again to another type.
func TestRequantize(t *testing.T) {
	f := base(1).open(t)
	plan, err := NewPlan(f, Options{Mix: mix(t, "Q8_0")})
	require.NoError(t, err)
	q8 := run(t, plan, RunOptions{})
	plan, err = NewPlan(q8, Options{Mix: mix(t, "Q4_0"), Requantize: true})
	require.NoError(t, err)
	q4 := run(t, plan, RunOptions{})
	x := decoded(t, q8, "blk.0.attn_q.weight")
	want := make([]byte, len(x)/32*18)
	quant.Encode(quant.Q4_0, want, x, 256, nil)
	require.Equal(t, want, q4.Tensor("blk.0.attn_q.weight").Data)

	// Quantized weights can become F32 again, and then they can be copied.
	plan, err = NewPlan(q8, Options{Mix: mix(t, "F32"), Requantize: true})
	require.NoError(t, err)
	f32 := run(t, plan, RunOptions{})
	require.Equal(t, x, decoded(t, f32, "blk.0.attn_q.weight"))
	plan, err = NewPlan(f32, Options{Mix: mix(t, "COPY")})
	require.NoError(t, err)
	requireSameTensors(t, f32, run(t, plan, RunOptions{}))
}

func TestCompareTensors(t *testing.T) {
	nan := float32(math.NaN())
	a, b := base(1), base(1)
	b.typ = quant.F32
	a.extra = []gguf.Tensor{{Name: "only.a", Type: quant.F32, Shape: []int{4}}, {Name: "shape", Type: quant.F32, Shape: []int{4}}}
	b.extra = []gguf.Tensor{{Name: "only.b", Type: quant.F32, Shape: []int{4}}, {Name: "shape", Type: quant.F32, Shape: []int{2, 2}}}
	exact := func(_ string, x []float32) {
		for i := range x {
			x[i] = codec.F16ToF32(codec.F32ToF16(x[i]))
		}
	}
	a.change = exact
	b.change = func(name string, x []float32) {
		exact(name, x)
		switch name {
		case "blk.0.attn_q.weight":
			x[5] += 3
		case "blk.0.attn_k.weight":
			x[0] = nan
		}
	}
	list, err := CompareTensors(t.Context(), a.open(t), b.open(t))
	require.NoError(t, err)
	byName := map[string]Difference{}
	for _, d := range list {
		byName[d.Name] = d
	}
	same, equal, q, k := byName["output_norm.weight"], byName["blk.0.attn_v.weight"], byName["blk.0.attn_q.weight"], byName["blk.0.attn_k.weight"]
	require.True(t, same.Same && same.Equal())
	require.True(t, !equal.Same && equal.Equal())
	require.True(t, q.Comparable && !q.Equal())
	require.Equal(t, 3.0, q.Stats.Max)
	require.InEpsilon(t, math.Sqrt(9.0/512), q.Stats.RMS(), 1e-9)
	require.True(t, k.NaN == 1 && !k.Equal())
	require.True(t, byName["only.a"].B == nil && byName["only.b"].A == nil)
	shape := byName["shape"]
	require.False(t, shape.Same || shape.Comparable || shape.Equal())
	require.Equal(t, "only.b", list[len(list)-1].Name)
	require.True(t, strings.HasPrefix(list[0].Name, "token_embd"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = CompareTensors(ctx, a.open(t), b.open(t))
	require.ErrorIs(t, err, context.Canceled)
}
