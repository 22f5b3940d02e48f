package lora_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/lora"
	"alpaca/internal/quant"
	"alpaca/internal/testmodel"
)

// adapter returns an adapter with tensors of all kinds, and the file of its base model.
func adapter(t testing.TB, spec testmodel.Spec) (*lora.Adapter, *gguf.File) {
	f, err := gguf.Open(spec.Make().Write(t))
	require.NoError(t, err)
	t.Cleanup(func() { f.Close() })
	a := testmodel.AdapterSpec{Seed: 1, Rank: 3, Part: 1}.Make(f)
	a.Task, a.Prompt, a.Name = "summaries", "In short:", "noise"
	require.NoError(t, a.Check())
	return a, f
}

// written writes an adapter to a file, reads the file, and returns the adapter that it read.
func written(t testing.TB, a *lora.Adapter, typ quant.Type) *lora.Adapter {
	path := filepath.Join(t.TempDir(), "a.gguf")
	require.NoError(t, a.Write(path, typ, nil))
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	again, err := lora.Read(f)
	require.NoError(t, err)
	again.Path = a.Path
	return again
}

// TestWrite checks that reading returns the adapter that was
// written. Write must express the scales of all pairs by one alpha.
func TestWrite(t *testing.T) {
	a, _ := adapter(t, testmodel.Spec{Seed: 1, Experts: 4, Tied: true})
	require.Equal(t, a, written(t, a, quant.F32))
	require.Zero(t, a.Folded())
	require.EqualValues(t, 4.5, a.Alpha())

	a.Pairs[0].Scale, a.Pairs[2].Scale = 3, 0
	require.Equal(t, 2, a.Folded())
	again := written(t, a, quant.F32)
	for i, p := range again.Pairs {
		require.EqualValues(t, 1.5, p.Scale)
		require.Equal(t, a.Pairs[i].A, p.A)
		for j, v := range p.B {
			require.Equal(t, float32(float64(a.Pairs[i].B[j])*a.Pairs[i].Scale/1.5), v)
		}
	}
	for _, typ := range []quant.Type{quant.F16, quant.Q8_0} { // rows of 3 do not fit the blocks of Q8_0
		for i, p := range written(t, a, typ).Pairs {
			for j := range p.A {
				require.InDelta(t, a.Pairs[i].A[j], p.A[j], 0.01)
			}
		}
	}
}

// TestMerge compares merged rows with sums in float64.
func TestMerge(t *testing.T) {
	a, f := adapter(t, testmodel.Spec{Seed: 1, Experts: 4, Tied: true})
	var m lora.Merge
	m.Add(a, 0.5)
	m.Add(a, 0)
	require.Equal(t, len(a.Pairs)+len(a.Whole), m.Len())
	require.NoError(t, m.Check(f))
	more := m.More(f)
	require.Len(t, more, 1)
	require.Equal(t, "output.weight", more[0].Name)
	x := f.Tensor("blk.1.ffn_down_exps.weight")
	p := a.Find(x.Name)
	row := make([]float32, 2*x.Cols())
	quant.Decode(x.Type, row, x.Data[5*x.Cols()*4:7*x.Cols()*4])
	want := append([]float32{}, row...)
	rows := x.Rows() / x.Shape[0]
	for i := range want {
		at, sum := 5+i/x.Cols(), 0.0
		for k := range p.Rank {
			sum += float64(p.B[at*p.Rank+k]) * float64(p.A[(at/rows*p.Rank+k)*p.Cols+i%x.Cols()])
		}
		want[i] = float32(float64(want[i]) + 0.5*1.5*sum)
	}
	m.Change(x)(row, 5)
	require.Equal(t, want, row)
	require.Nil(t, m.Change(&gguf.Tensor{Name: "other"}))

	norm := f.Tensor("output_norm.weight")
	w := a.FindWhole(norm.Name).Values()
	moved := []float32(nil)
	for i := range w {
		moved = append(moved, float32(i))
	}
	m.Change(norm)(moved, 0)
	for i, to := range w {
		require.Equal(t, float32(float64(i)+0.5*(float64(to)-float64(i))), moved[i])
	}
	a.Pairs[0].Name = "blk.9.attn_q.weight"
	require.ErrorContains(t, m.Check(f), `no tensor "blk.9.attn_q.weight"`)
}

// TestCheck checks that infinite and NaN elements and scales are refused.
func TestCheck(t *testing.T) {
	a, _ := adapter(t, testmodel.Spec{Seed: 1})
	a.Pairs[3].B[7] = float32(math.Inf(1))
	require.ErrorContains(t, a.Check(), "element 7 of its adapter is +Inf")
	a.Pairs[3].B[7] = 0
	a.Pairs[1].Scale = math.NaN()
	require.ErrorContains(t, a.Check(), "the scale NaN is not finite")
	a.Pairs[1].Scale = 1
	copy(a.Whole[0].Data[4:], []byte{0, 0, 0xc0, 0x7f})
	require.ErrorContains(t, a.Check(), "row 0, column 1 is NaN")
	require.ErrorContains(t, (&lora.Adapter{}).Check(), "the adapter has no tensors")
}

// FuzzReadAdapter reads arbitrary bytes as adapters.
func FuzzReadAdapter(f *testing.F) {
	a, _ := adapter(f, testmodel.Spec{Seed: 1, Dim: 32, Layers: 1})
	a.Pairs, a.Whole = a.Pairs[:2], a.Whole[:1]
	path := filepath.Join(f.TempDir(), "a.gguf")
	require.NoError(f, a.Write(path, quant.F32, nil))
	raw, err := os.ReadFile(path)
	require.NoError(f, err)
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		path := filepath.Join(t.TempDir(), "a.gguf")
		require.NoError(t, os.WriteFile(path, raw, 0o666))
		file, err := gguf.Open(path)
		if err != nil {
			return
		}
		defer file.Close()
		a, err := lora.Read(file)
		if err != nil {
			return
		}
		for _, p := range a.Pairs {
			n := max(1, p.Stack)
			require.Len(t, p.A, n*p.Rank*p.Cols)
			require.Len(t, p.B, n*p.Rank*p.Rows)
		}
	})
}
