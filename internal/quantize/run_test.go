package quantize

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/atomicfile"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// run runs a plan and opens the output.
func run(t testing.TB, plan *Plan, opt RunOptions) *gguf.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "out.gguf")
	res, err := plan.Run(t.Context(), path, opt)
	require.NoError(t, err)
	f, err := gguf.Open(res.Outputs[0])
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

// decoded returns a tensor's weights.
func decoded(t testing.TB, f *gguf.File, name string) []float32 {
	t.Helper()
	tensor := f.Tensor(name)
	require.NotNil(t, tensor, name)
	data := make([]byte, tensor.Bytes)
	require.NoError(t, tensor.Read(data, 0, tensor.Rows()))
	x := make([]float32, tensor.Elems())
	quant.Decode(tensor.Type, x, data)
	return x
}

// big returns a model with a tensor of many chunks.
func big() fake {
	f := base(2)
	f.extra = []gguf.Tensor{{Name: "blk.0.big.weight", Type: quant.F32, Shape: []int{3, 700, 512}}}
	return f
}

// TestThreadsDoNotShow checks that the output does not depend on the number of threads, nor on
// whether the input is mapped or read in pieces.
func TestThreadsDoNotShow(t *testing.T) {
	path := big().write(t)
	var want []byte
	for _, threads := range []int{1, 2, 7} {
		f, err := gguf.OpenWith(path, gguf.Options{NoMap: threads > 1, HeaderOnly: threads > 1})
		require.NoError(t, err)
		defer f.Close()
		plan, err := NewPlan(f, Options{Mix: mix(t, "Q4_K_S")})
		require.NoError(t, err)
		out := filepath.Join(t.TempDir(), "out.gguf")
		var last int64
		res, err := plan.Run(t.Context(), out, RunOptions{Threads: threads, Stats: true, Progress: func(tensor string, done, total int64) {
			require.Equal(t, plan.InputBytes(), total)
			require.NotNil(t, f.Tensor(tensor))
			require.Greater(t, done, last)
			last = done
		}})
		require.NoError(t, err)
		require.Equal(t, plan.InputBytes(), last)
		data, err := os.ReadFile(out)
		require.NoError(t, err)
		if want == nil {
			want = data
		}
		require.Equal(t, want, data)

		// The reported errors are those of the weights that the file has.
		g, err := gguf.Open(out)
		require.NoError(t, err)
		defer g.Close()
		for _, r := range res.Tensors {
			if r.Error == nil {
				require.True(t, r.Copied())
				continue
			}
			var sum, most float64
			x, y := decoded(t, f, r.Tensor.Name), decoded(t, g, r.Tensor.Name)
			for i := range x {
				d := float64(y[i]) - float64(x[i])
				sum, most = sum+d*d, max(most, math.Abs(d))
			}
			require.InEpsilon(t, math.Sqrt(sum/float64(len(x))), r.Error.RMS(), 1e-9)
			require.Equal(t, most, r.Error.Max)
		}
	}
}

// TestDamagedWeights checks that weights which are not finite or too large are refused, in encoded
// and in copied tensors. The error must name the tensor and the row, and no file may be left.
func TestDamagedWeights(t *testing.T) {
	inf, nan := float32(math.Inf(-1)), float32(math.NaN())
	tests := []struct {
		name, tensor string
		at           int
		value        float32
		mix          string
		typ          quant.Type
		want         string
	}{
		{"NaN", "blk.0.big.weight", 512*1300 + 7, nan, "Q4_0", quant.F32, "row 1300, column 7 is NaN"},
		{"infinite", "blk.1.attn_q.weight", 256 + 255, inf, "Q6_K", quant.F16, "row 1, column 255 is -Inf"},
		{"NaN in a copied tensor", "output_norm.weight", 3, nan, "Q4_0", quant.F16, "row 0 has weights"},
		{"NaN in a copied tensor", "blk.1.attn_q.weight", 256, nan, "F16", quant.F16, "row 1 has weights"},
		{"NaN in a copied tensor", "blk.1.attn_q.weight", 256, inf, "BF16", quant.BF16, "row 1 has weights"},
		{"infinite scale in a copied tensor", "blk.1.attn_q.weight", 256, math.MaxFloat32, "COPY", quant.Q8_0, "row 1 has weights"},
		{"too large for the scale", "blk.1.attn_q.weight", 256, 1e12, "Q4_0", quant.F32, "row 1 has weights up to 1e+12: too large for the type Q4_0"},
		{"too large for F16", "blk.1.attn_q.weight", 256, 65520, "F16", quant.BF16, "too large for the type F16"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			model := big()
			model.typ = test.typ
			model.change = func(name string, x []float32) {
				if name == test.tensor {
					x[test.at] = test.value
				}
			}
			plan, err := NewPlan(model.open(t), Options{Mix: mix(t, test.mix)})
			require.NoError(t, err)
			dir := t.TempDir()
			_, err = plan.Run(t.Context(), filepath.Join(dir, "out.gguf"), RunOptions{Threads: 2})
			require.ErrorContains(t, err, `quantize: tensor "`+test.tensor+`": `)
			require.ErrorContains(t, err, test.want)
			require.True(t, errors.Is(err, ErrNotFinite) || errors.Is(err, ErrOverflow))
			requireEmpty(t, dir)
		})
	}
}

func requireEmpty(t *testing.T, dir string) {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, list)
}

// TestInterrupted checks that a cancelled run leaves the old output and nothing else.
func TestInterrupted(t *testing.T) {
	f := big().open(t)
	plan, err := NewPlan(f, Options{Mix: mix(t, "Q4_K_M")})
	require.NoError(t, err)
	dir := t.TempDir()
	out := filepath.Join(dir, "out.gguf")
	require.NoError(t, os.WriteFile(out, []byte("old"), 0o600))
	for _, at := range []int{0, 1, 3, 15} {
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		opt := RunOptions{Threads: 2, Force: true, Progress: func(string, int64, int64) {
			if n++; n >= at {
				cancel()
			}
		}}
		if at == 0 {
			cancel()
		}
		_, err := plan.Run(ctx, out, opt)
		require.ErrorIs(t, err, context.Canceled)
		list, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, list, 1)
		data, err := os.ReadFile(out)
		require.NoError(t, err)
		require.Equal(t, "old", string(data))
	}
}

// TestOutputs checks which files a run does not overwrite.
func TestOutputs(t *testing.T) {
	in := base(1).write(t)
	f, err := gguf.OpenWith(in, gguf.Options{NoMap: true, HeaderOnly: true})
	require.NoError(t, err)
	defer f.Close()
	plan, err := NewPlan(f, Options{Mix: mix(t, "Q4_0")})
	require.NoError(t, err)
	before, err := os.ReadFile(in)
	require.NoError(t, err)

	link := filepath.Join(filepath.Dir(in), "link.gguf")
	require.NoError(t, os.Link(in, link))
	for _, out := range []string{in, link, filepath.Dir(in) + "/./in.gguf"} {
		_, err := plan.Run(t.Context(), out, RunOptions{Force: true})
		require.ErrorContains(t, err, "is the input")
	}
	old := filepath.Join(t.TempDir(), "old.gguf")
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	_, err = plan.Run(t.Context(), old, RunOptions{})
	require.ErrorIs(t, err, atomicfile.ErrExists)
	_, err = plan.Run(t.Context(), filepath.Dir(old), RunOptions{Force: true})
	require.ErrorContains(t, err, "is not a regular file")
	_, err = plan.Run(t.Context(), old, RunOptions{Force: true})
	require.NoError(t, err)
	_, err = plan.Run(t.Context(), filepath.Join(old, "below"), RunOptions{})
	require.Error(t, err)

	after, err := os.ReadFile(in)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, filepath.Join("a", "ggml-model-Q4_0.gguf"), DefaultOutput(filepath.Join("a", "x.gguf"), mix(t, "q4_0")))
}

// TestCutInput checks that an input which is truncated during a run gives an error.
func TestCutInput(t *testing.T) {
	for _, opt := range []gguf.Options{{}, {NoMap: true, HeaderOnly: true}} {
		in := big().write(t)
		f, err := gguf.OpenWith(in, opt)
		require.NoError(t, err)
		defer f.Close()
		plan, err := NewPlan(f, Options{Mix: mix(t, "Q4_0")})
		require.NoError(t, err)
		require.NoError(t, os.Truncate(in, f.Size()/2))
		dir := t.TempDir()
		_, err = plan.Run(t.Context(), filepath.Join(dir, "out.gguf"), RunOptions{Threads: 2})
		require.Error(t, err)
		require.NotContains(t, err.Error(), "panic")
		requireEmpty(t, dir)
	}
}

// TestEmptyTensors checks that tensors without elements are copied, and compared as equal.
func TestEmptyTensors(t *testing.T) {
	f := base(1)
	f.extra = []gguf.Tensor{
		{Name: "a.weight", Type: quant.F16, Shape: []int{2, 0}},
		{Name: "b.weight", Type: quant.F16, Shape: []int{0, 32}},
		{Name: "blk.0.c", Type: quant.F32, Shape: []int{0}},
	}
	in := f.open(t)
	plan, err := NewPlan(in, Options{Mix: mix(t, "Q4_K_M")})
	require.NoError(t, err)
	out := run(t, plan, RunOptions{Threads: 2, Stats: true})
	for _, e := range f.extra {
		got := out.Tensor(e.Name)
		require.Equal(t, e.Shape, got.Shape)
		require.Equal(t, e.Type, got.Type)
		require.Empty(t, got.Data)
	}
	list, err := CompareTensors(t.Context(), in, in)
	require.NoError(t, err)
	for _, d := range list {
		require.True(t, d.Equal(), d.Name)
	}
}
