package convert

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/atomicfile"
	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
	"alpaca/internal/testmodel"
)

// convert converts a file and opens the result, which is closed when the test ends.
func convert(t *testing.T, in string, opt Options) (*gguf.File, *Result) {
	out := filepath.Join(t.TempDir(), "out.gguf")
	res, err := Run(context.Background(), in, out, opt)
	require.NoError(t, err)
	f, err := gguf.Open(out)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, f.Close()) })
	require.Equal(t, f.Size(), res.OutputBytes)
	return f, res
}

// values decodes a tensor.
func values(x *gguf.Tensor) []float32 {
	v := make([]float32, x.Elems())
	quant.Decode(x.Type, v, x.Data)
	return v
}

// requireSame requires equal values. They must be equal bit for bit, except for the sign of zero
// and the bits of NaN.
func requireSame(t *testing.T, want, got *gguf.Tensor) {
	t.Helper()
	require.NotNil(t, got, want.Name)
	require.Equal(t, want.Shape, got.Shape, want.Name)
	a, b := values(want), values(got)
	for i := range a {
		if a[i] != b[i] && (a[i] == a[i] || b[i] == b[i]) {
			t.Fatalf("%s: element %d is %g, want %g", want.Name, i, b[i], a[i])
		}
	}
}

func TestFileType(t *testing.T) {
	wanted := map[string][2]uint64{
		"ggml-q4_0": {2, 0}, "ggjt1-q4_2": {1, 0}, "ggjt1-q4_3": {1, 0}, "ggjt2-q4_1": {3, 0}, "ggjt2-q8_0": {7, 0},
		"ggjt2-q5_0": {8, 8}, "ggjt3-q5_1": {9, 9}, "ggjt3-f16": {1, 1},
	}
	for _, l := range testmodel.Legacies {
		want, found := wanted[l.String()]
		if !found {
			continue
		}
		delete(wanted, l.String())
		path := l.Write(t, 1)
		for i, opt := range []Options{{}, {Exact: true}} {
			f, _ := convert(t, path, opt)
			n, _, err := f.Uint(gguf.KeyFileType)
			require.NoError(t, err)
			require.Equal(t, want[i], n, "%v, exact %v", l, opt.Exact)
			version, found, err := f.Uint(keyQuantVersion)
			require.NoError(t, err)
			require.Equal(t, n > 1, found, l)
			require.Equal(t, found, version == 2)
		}
	}
	require.Empty(t, wanted)
}

// TestNibbles checks that splitNibbles only changes the order of nibbles.
func TestNibbles(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var src, dst [16]byte
	for i := range src {
		src[i] = byte(r.Uint32())
	}
	splitNibbles(&dst, &src)
	for e := range 32 {
		require.Equal(t, src[e/2]>>(e%2*4)&15, dst[e%16]>>(e/16*4)&15, e)
	}
}

// TestTranscode rewrites blocks whose scales fit float16, and blocks with scales that do not fit.
func TestTranscode(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	for typ, l := range legacyFormats {
		row := make([]byte, 8*typ.BlockBytes())
		for i := range row {
			row[i] = byte(r.Uint32())
		}
		scale := func(x float32) {
			for b := range 8 {
				for k := range l.scales {
					if at := b * typ.BlockBytes(); l.wide {
						binary.LittleEndian.PutUint32(row[at+4*k:], math.Float32bits(x*float32(k+1)))
					} else {
						binary.LittleEndian.PutUint16(row[at+2*k:], codec.F32ToF16(x*float32(k+1)))
					}
				}
			}
		}
		f := formatOf(typ)
		s := &step{&tensor{name: "x", shape: []int{256}}, f, f.to}
		for _, x := range []float32{0.25, -3, 0, 0x1p-24, 1.0 / 3, 1e-9} {
			scale(x)
			dst := make([]byte, 8*f.to.BlockBytes())
			loss, err := s.convert(dst, row, 1)
			require.NoError(t, err)
			before, after := make([]float32, 256), make([]float32, 256)
			quant.Decode(typ, before, row)
			quant.Decode(f.to, after, dst)
			if !l.wide || x != 1.0/3 && x != 1e-9 {
				require.Equal(t, before, after, "%v %g", typ, x)
				require.Zero(t, loss.Max)
			} else {
				require.NotEqual(t, before, after, "%v %g", typ, x)
				require.Positive(t, loss.Max)
			}
		}
		scale(70000)
		if _, err := s.convert(make([]byte, 8*f.to.BlockBytes()), row, 1); l.wide {
			require.ErrorIs(t, err, ErrTooLarge, typ)
			require.ErrorContains(t, err, "70000 does not fit float16")
		}
	}
}

// TestConvertManyRows converts a tensor whose number of bytes does not fit 32 bits.
func TestConvertManyRows(t *testing.T) {
	const rows, cols = 4096, 256
	f := formatOf(quant.F16)
	src := make([]byte, rows*cols*2)
	for i := range rows * cols {
		binary.LittleEndian.PutUint16(src[2*i:], uint16(i)&^(1<<14)) // avoid infinities and NaN
	}
	s := &step{&tensor{name: "x", shape: []int{rows, cols}}, f, quant.F32}
	dst := make([]byte, rows*cols*4)
	loss, err := s.convert(dst, src, rows)
	require.NoError(t, err)
	require.Zero(t, loss.Max)
	before, after := make([]float32, rows*cols), make([]float32, rows*cols)
	quant.Decode(quant.F16, before, src)
	quant.Decode(quant.F32, after, dst)
	require.True(t, slices.Equal(before, after))
}

// TestOutput checks that a run does not overwrite its input, or another file without Force,
// and that a refused run leaves no file behind.
func TestOutput(t *testing.T) {
	in := testmodel.Legacy{Format: "ggjt", Version: 3, FType: 2, Code: 2, Type: quant.Q4_0}.Write(t, 1)
	data, err := os.ReadFile(in)
	require.NoError(t, err)
	dir := t.TempDir()
	old := filepath.Join(dir, "old.bin")
	require.NoError(t, os.WriteFile(old, data, 0o644))
	link := filepath.Join(dir, "link.bin")
	require.NoError(t, os.Link(old, link))
	run := func(out string, opt Options) error {
		_, err := Run(context.Background(), old, out, opt)
		return err
	}
	require.ErrorContains(t, run(old, Options{Force: true}), "is the input")
	require.ErrorContains(t, run(link, Options{Force: true}), "is the input")
	other := filepath.Join(dir, "other")
	require.NoError(t, os.WriteFile(other, []byte("text"), 0o644))
	require.ErrorIs(t, run(other, Options{}), atomicfile.ErrExists)
	require.ErrorContains(t, run(dir, Options{Force: true}), "is not a regular file")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = Run(ctx, old, filepath.Join(dir, "new"), Options{})
	require.ErrorIs(t, err, context.Canceled)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 3)

	var last int64
	require.NoError(t, run(other, Options{Force: true, Name: "Lily", Eps: 1e-5, Progress: func(tensor string, done, total int64) {
		require.NotEmpty(t, tensor)
		require.LessOrEqual(t, done, total)
		require.Greater(t, done, last)
		last = done
	}}))
	f, err := gguf.Open(other)
	require.NoError(t, err)
	defer f.Close()
	name, _, err := f.String(keyName)
	require.NoError(t, err)
	require.Equal(t, "Lily", name)
	eps, _, err := f.Float("llama.attention.layer_norm_rms_epsilon")
	require.NoError(t, err)
	require.Equal(t, float32(1e-5), float32(eps))
}

// TestMemory converts a file that is larger than the memory that the conversion may allocate.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a large file")
	}
	const rows = 64 << 10
	path := filepath.Join(t.TempDir(), "large.gguf")
	w, err := gguf.Create(path, []gguf.KV{{Key: "general.architecture", Value: gguf.Str("llama")}},
		[]gguf.Tensor{{Name: "x", Type: quant.F16, Shape: []int{rows, 1024}}})
	require.NoError(t, err)
	require.NoError(t, w.Begin("x"))
	for range rows {
		_, err := w.Write(make([]byte, 2048))
		require.NoError(t, err)
	}
	require.NoError(t, w.Commit())
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	out := filepath.Join(t.TempDir(), "out.gguf")
	_, err = Run(context.Background(), path, out, Options{})
	require.NoError(t, err)
	runtime.ReadMemStats(&after)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20), "too many bytes were allocated for a tensor of %d bytes", 2048*rows)
}

// TestEmptyTensors checks that tensors without elements are converted like all others.
func TestEmptyTensors(t *testing.T) {
	m := testmodel.SPM(1)
	m.Tensors = append(m.Tensors, &testmodel.Tensor{Name: "x.weight", Type: quant.F16, Shape: []int{3, 0}},
		&testmodel.Tensor{Name: "y", Type: quant.F32, Shape: []int{0}})
	f, _ := convert(t, m.Write(t), Options{})
	require.Equal(t, []int{3, 0}, f.Tensor("x.weight").Shape)
	require.Equal(t, []int{0}, f.Tensor("y").Shape)
}
