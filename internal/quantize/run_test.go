package quantize

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// run carries out a plan and opens the output.
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

// TestThreadsDoNotShow: the output is the same for any number of threads, read
// from a mapping or piece by piece.
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
		res, err := plan.Run(t.Context(), out, RunOptions{Threads: threads, Stats: true, Progress: func(tensor string, done int64) {
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

		// The error is that of the weights in the file.
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

// TestDamagedWeights: weights that are not numbers are refused by name and row,
// whether they were to be encoded or copied, and nothing is left.
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
		{"NaN in what is copied", "output_norm.weight", 3, nan, "Q4_0", quant.F16, "row 0 has weights"},
		{"NaN in what is copied", "blk.1.attn_q.weight", 256, nan, "F16", quant.F16, "row 1 has weights"},
		{"NaN in what is copied", "blk.1.attn_q.weight", 256, inf, "BF16", quant.BF16, "row 1 has weights"},
		{"infinite scale in what is copied", "blk.1.attn_q.weight", 256, math.MaxFloat32, "COPY", quant.Q8_0, "row 1 has weights"},
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

// TestInterrupted: a cancelled run leaves the old output and nothing else.
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
		opt := RunOptions{Threads: 2, Force: true, Progress: func(string, int64) {
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

// TestOutputs: what a run does not write over.
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
	require.ErrorIs(t, err, ErrExists)
	_, err = plan.Run(t.Context(), filepath.Dir(old), RunOptions{Force: true})
	require.ErrorIs(t, err, ErrExists)
	_, err = plan.Run(t.Context(), old, RunOptions{Force: true})
	require.NoError(t, err)
	_, err = plan.Run(t.Context(), filepath.Join(old, "below"), RunOptions{})
	require.Error(t, err)

	after, err := os.ReadFile(in)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.Equal(t, filepath.Join("a", "ggml-model-Q4_0.gguf"), DefaultOutput(filepath.Join("a", "x.gguf"), mix(t, "q4_0")))
}

// TestCutInput: an input that is cut while it is read is an error.
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

// TestSplit: a split model becomes one file, or as many as it was.
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
	for i := range split.Tensors { // order and parts are those of the input
		name := split.Tensors[i].Name
		require.Equal(t, name, kept.Tensors[i].Name)
		require.Equal(t, split.PartOf(name), kept.PartOf(name))
	}
	_, err = plan.Run(t.Context(), filepath.Join(dir, "out.gguf"), RunOptions{})
	require.ErrorIs(t, err, ErrExists)

	// A file that is not split stays one.
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

// TestRequantize goes by way of another type.
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

	// Back to floats, and from there COPY.
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
			x[i] = quant.F16ToF32(quant.F32ToF16(x[i]))
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
