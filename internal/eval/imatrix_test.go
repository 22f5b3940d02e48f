package eval

import (
	"bytes"
	"encoding/binary"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
)

// collected returns the sums of three matrices. The first matrix has sums over two batches with
// three tokens in total.
func collected() *Imatrix {
	m := &Imatrix{Dataset: "text.txt", Chunks: 2, ChunkSize: 2}
	m.Collect("blk.0.attn_q.weight", []float32{1, 2, 3, 4}, 2, 2)
	m.Collect("blk.0.attn_q.weight", []float32{-5, 0.5}, 1, 2)
	m.Collect("output.weight", []float32{1}, 1, 1)
	m.Collect("blk.0.attn_k.weight", []float32{1, 1, 1}, 1, 3)
	return m
}

func TestImatrixGGUF(t *testing.T) {
	path := filepath.Join(t.TempDir(), "imatrix.gguf")
	require.NoError(t, collected().WriteGGUF(path))
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	kind, _, err := f.String("general.type")
	require.NoError(t, err)
	require.Equal(t, "imatrix", kind)
	datasets, _, err := f.Strings("imatrix.datasets")
	require.NoError(t, err)
	require.Equal(t, []string{"text.txt"}, datasets)
	chunks, _, err := f.Uint("imatrix.chunk_count")
	require.NoError(t, err)
	require.Equal(t, uint64(2), chunks)

	names := []string{}
	for _, tensor := range f.Tensors {
		names = append(names, tensor.Name)
	}
	require.Equal(t, []string{"blk.0.attn_k.weight.in_sum2", "blk.0.attn_k.weight.counts",
		"blk.0.attn_q.weight.in_sum2", "blk.0.attn_q.weight.counts"}, names)
	q := f.Tensor("blk.0.attn_q.weight.in_sum2")
	require.Equal(t, []int{2}, q.Shape)
	require.Equal(t, floatBytes(nil, []float32{1 + 9 + 25, 4 + 16 + 0.25}), q.Data)
	require.Equal(t, floatBytes(nil, []float32{3}), f.Tensor("blk.0.attn_q.weight.counts").Data)
}

func TestImatrixDat(t *testing.T) {
	var file bytes.Buffer
	require.NoError(t, collected().WriteDat(&file))
	le := binary.LittleEndian
	want := le.AppendUint32(nil, 2)
	entry := func(name string, calls int, sums ...float32) {
		want = append(le.AppendUint32(want, uint32(len(name))), name...)
		want = le.AppendUint32(le.AppendUint32(want, uint32(calls)), uint32(len(sums)))
		want = floatBytes(want, sums)
	}
	entry("blk.0.attn_k.weight", 1, 1, 1, 1)
	third := func(x float32) float32 { return x / 3 * 2 } // the mean of 3 tokens, multiplied by 2 calls
	entry("blk.0.attn_q.weight", 2, third(35), third(20.25))
	want = append(le.AppendUint32(le.AppendUint32(want, 2), 8), "text.txt"...)
	require.Equal(t, want, file.Bytes())
}

func TestImatrixOutput(t *testing.T) {
	m := &Imatrix{Output: true}
	m.Collect("output.weight", []float32{2}, 1, 1)
	m.Collect("token_embd.weight", []float32{2}, 1, 1)
	stacks, err := m.stacks()
	require.NoError(t, err)
	require.Len(t, stacks, 1)
	require.Equal(t, "output.weight", stacks[0].name)
}

// TestImatrixExperts checks the sums of experts that share one tensor in the file.
func TestImatrixExperts(t *testing.T) {
	m := &Imatrix{Experts: 3, ChunkSize: 10}
	m.Collect("blk.1.ffn_up.2.weight", []float32{3, 4}, 1, 2)
	m.Collect("blk.1.ffn_up.0.weight", []float32{1, 2, 2, 1}, 2, 2)
	m.Collect("blk.1.ffn_gate_inp.weight", []float32{1}, 1, 1)
	stacks, err := m.stacks()
	require.NoError(t, err)
	require.Equal(t, []stack{
		{"blk.1.ffn_gate_inp.weight", 1, []float32{1}, []int{1}},
		{"blk.1.ffn_up_exps.weight", 2, []float32{5, 5, 0, 0, 9, 16}, []int{2, 0, 1}},
	}, stacks)

	path := filepath.Join(t.TempDir(), "imatrix.gguf")
	require.NoError(t, m.WriteGGUF(path))
	f, err := gguf.Open(path)
	require.NoError(t, err)
	defer f.Close()
	require.Equal(t, []int{3, 2}, f.Tensor("blk.1.ffn_up_exps.weight.in_sum2").Shape)
	require.Equal(t, floatBytes(nil, []float32{2, 0, 1}), f.Tensor("blk.1.ffn_up_exps.weight.counts").Data)

	var file bytes.Buffer
	require.NoError(t, m.WriteDat(&file))
	require.Contains(t, file.String(), string(floatBytes(nil, []float32{2.5, 2.5, 1, 1, 9, 16})))

	m.Experts = 2
	require.ErrorContains(t, m.WriteDat(&file), "expert 2 of 2")
	m.Experts = 0 // now each expert has a tensor of its own
	stacks, err = m.stacks()
	require.NoError(t, err)
	require.Len(t, stacks, 3)
}

func TestImatrixErrors(t *testing.T) {
	require.EqualError(t, (&Imatrix{}).WriteDat(nil), "eval: imatrix: nothing was collected")
	m := &Imatrix{}
	m.Collect("blk.0.a", []float32{1, float32(math.NaN())}, 1, 2)
	require.EqualError(t, m.WriteGGUF(t.TempDir()), "eval: imatrix: blk.0.a: column 1 is NaN")
}
