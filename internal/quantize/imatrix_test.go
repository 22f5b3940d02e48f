package quantize

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// datEntry is an entry of the old form of an importance matrix.
type datEntry struct {
	name   string
	calls  int32
	values []float32
}

// dat writes the old form.
func dat(entries []datEntry, tail ...any) []byte {
	le := binary.LittleEndian
	b := le.AppendUint32(nil, uint32(len(entries)))
	text := func(s string) {
		b = le.AppendUint32(b, uint32(len(s)))
		b = append(b, s...)
	}
	for _, e := range entries {
		text(e.name)
		b = le.AppendUint32(b, uint32(e.calls))
		b = le.AppendUint32(b, uint32(len(e.values)))
		for _, v := range e.values {
			b = le.AppendUint32(b, math.Float32bits(v))
		}
	}
	for _, v := range tail {
		switch v := v.(type) {
		case int:
			b = le.AppendUint32(b, uint32(v))
		case string:
			text(v)
		}
	}
	return b
}

func saveFile(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "imatrix")
	require.NoError(t, os.WriteFile(path, data, 0o600))
	return path
}

var twoEntries = []datEntry{{"blk.0.attn_q.weight", 4, []float32{4, 8, 0}}, {"output.weight", 0, []float32{1, 2}}}

func TestReadImportance(t *testing.T) {
	want := map[string][]float32{"blk.0.attn_q.weight": {1, 2, 0}, "output.weight": {1, 2}}
	m, err := ReadImportance(saveFile(t, dat(twoEntries)))
	require.NoError(t, err)
	require.Equal(t, want, m.columns)
	require.Zero(t, m.Chunks)

	m, err = ReadImportance(saveFile(t, dat(twoEntries, 77, "text.txt")))
	require.NoError(t, err)
	require.Equal(t, want, m.columns)
	require.Equal(t, 77, m.Chunks)
	require.Equal(t, "text.txt", m.Dataset)

	m, err = ReadImportance(ggufImatrix(t, "imatrix", []gguf.Tensor{
		{Name: "blk.0.ffn_up_exps.weight.in_sum2", Type: quant.F32, Shape: []int{2, 3}},
		{Name: "blk.0.ffn_up_exps.weight.counts", Type: quant.F32, Shape: []int{2, 1}},
	}, [][]float32{{4, 8, 0, 5, 5, 5}, {4, 0}}))
	require.NoError(t, err)
	require.Equal(t, map[string][]float32{"blk.0.ffn_up_exps.weight": {1, 2, 0, 1, 1, 1}}, m.columns)
	require.Equal(t, 12, m.Chunks)
	require.Equal(t, "a.txt", m.Dataset)
}

// ggufImatrix writes the new form and returns its path.
func ggufImatrix(t *testing.T, kind string, tensors []gguf.Tensor, data [][]float32) string {
	path := filepath.Join(t.TempDir(), "imatrix.gguf")
	w, err := gguf.Create(path, []gguf.KV{
		{Key: "general.type", Value: gguf.Str(kind)},
		{Key: "imatrix.datasets", Value: gguf.Strs([]string{"a.txt", "b.txt"})},
		{Key: "imatrix.chunk_count", Value: gguf.U32(12)},
	}, tensors)
	require.NoError(t, err)
	for i, tensor := range tensors {
		raw := make([]byte, 4*len(data[i]))
		quant.Encode(quant.F32, raw, data[i], len(data[i]), nil)
		require.NoError(t, w.WriteTensor(tensor.Name, raw))
	}
	require.NoError(t, w.Commit())
	return path
}

func TestBadImportance(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	good := dat(twoEntries)
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty", nil, "EOF"},
		{"short", []byte{1, 0}, "EOF"},
		{"no entries", dat(nil), "no entries"},
		{"text", []byte("hello, I am not an importance matrix"), "not an importance matrix"},
		{"cut", good[:len(good)-1], "bytes wanted"},
		{"cut after a name", good[:27], "wanted"},
		{"too many entries", append([]byte{9}, good[1:]...), "wanted"},
		{"no name", dat([]datEntry{{"", 1, nil}}), "empty or occurs twice"},
		{"an entry twice", dat([]datEntry{{"a", 1, nil}, {"a", 1, nil}}), "empty or occurs twice"},
		{"NaN", dat([]datEntry{{"a", 1, []float32{1, nan}}}), `entry "a": column 1 is NaN`},
		{"infinite", dat([]datEntry{{"a", 1, []float32{inf}}}), `column 0 is +Inf`},
		{"negative", dat([]datEntry{{"a", 1, []float32{-1}}}), `column 0 is -1`},
		{"half a tail", dat(twoEntries, 5, 9), "wanted"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := saveFile(t, test.data)
			_, err := ReadImportance(path)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, path)
		})
	}
	_, err := ReadImportance(filepath.Join(t.TempDir(), "absent"))
	require.ErrorIs(t, err, os.ErrNotExist)
	sums := gguf.Tensor{Name: "a.in_sum2", Type: quant.F32, Shape: []int{2, 2}}
	_, err = ReadImportance(ggufImatrix(t, "model", []gguf.Tensor{sums}, [][]float32{{1, 2, 3, 4}}))
	require.ErrorContains(t, err, `type "model"`)
	_, err = ReadImportance(ggufImatrix(t, "imatrix", []gguf.Tensor{sums}, [][]float32{{1, 2, 3, 4}}))
	require.ErrorContains(t, err, "no counts")
	_, err = ReadImportance(ggufImatrix(t, "imatrix", nil, nil))
	require.ErrorContains(t, err, "no entries")
}

// FuzzImportance checks that reading a file gives an error, or an importance matrix with entries.
func FuzzImportance(f *testing.F) {
	f.Add(dat(twoEntries))
	f.Add(dat(twoEntries, 77, "text.txt"))
	f.Add([]byte("GGUF\x03\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		m := &Importance{columns: map[string][]float32{}}
		if m.readDat(data) == nil && m.check() == nil {
			require.NotZero(t, m.Len())
		}
	})
}

func TestImportanceFilters(t *testing.T) {
	read := func() *Importance {
		m, err := ReadImportance(saveFile(t, dat(twoEntries)))
		require.NoError(t, err)
		return m
	}
	m := read()
	m.Include([]string{"attn", "nothing"})
	require.Equal(t, 1, m.Len())
	m.Exclude([]string{"attn_q"})
	require.Zero(t, m.Len())
	m = read()
	m.Exclude(nil)
	require.Equal(t, []string{"output.weight"}, unusedOf(t, m))
}

func unusedOf(t *testing.T, m *Importance) []string {
	f := base(1)
	f.tied = true
	return m.Unused(f.open(t))
}

// TestImportanceIsUsed checks that a matrix is encoded with the importance of its own columns.
// Each matrix of a tensor of experts must be encoded with its own part of the tensor's entry.
func TestImportanceIsUsed(t *testing.T) {
	f := base(1)
	f.experts = 2
	in := f.open(t)
	ramp := func(n int, from float32) []float32 {
		v := make([]float32, n)
		for i := range v {
			v[i] = from + float32(i%7)
		}
		return v
	}
	const up, q = "blk.0.ffn_up_exps.weight", "blk.0.attn_q.weight"
	m, err := ReadImportance(saveFile(t, dat([]datEntry{
		{q, 1, ramp(256, 1)}, {up, 1, append(ramp(256, 1), ramp(256, 9)...)}, {"token_embd.weight", 1, ramp(3, 1)},
	}, 5, "some text")))
	require.NoError(t, err)
	plan, err := NewPlan(in, Options{Mix: mix(t, "Q4_K_S"), Importance: m})
	require.NoError(t, err)
	out := run(t, plan, RunOptions{Threads: 2})

	want := func(name string, importance ...[]float32) []byte {
		x := decoded(t, in, name)
		var data []byte
		for i, w := range importance {
			part := x[i*len(x)/len(importance) : (i+1)*len(x)/len(importance)]
			raw := make([]byte, len(part)/256*quant.Q4_K.BlockBytes())
			quant.Encode(quant.Q4_K, raw, part, 256, w)
			data = append(data, raw...)
		}
		return data
	}
	require.Equal(t, want(q, ramp(256, 1)), out.Tensor(q).Data)
	require.Equal(t, want(up, ramp(256, 1), ramp(256, 9)), out.Tensor(up).Data)
	require.NotEqual(t, want(q, nil), out.Tensor(q).Data)
	require.Equal(t, want("blk.0.attn_k.weight", nil), out.Tensor("blk.0.attn_k.weight").Data)
	file, _, _ := out.String("quantize.imatrix.file")
	require.Equal(t, m.Path[:min(len(m.Path), 127)], file)
	text, _, _ := out.String("quantize.imatrix.dataset")
	require.Equal(t, "some text", text)
	n, _, _ := out.Int("quantize.imatrix.entries_count")
	require.EqualValues(t, 3, n)
	n, _, _ = out.Int("quantize.imatrix.chunks_count")
	require.EqualValues(t, 5, n)

	// An entry of the wrong size is refused, except for the embedding.
	m, err = ReadImportance(saveFile(t, dat([]datEntry{{up, 1, ramp(256, 1)}})))
	require.NoError(t, err)
	_, err = NewPlan(in, Options{Mix: mix(t, "Q4_0"), Importance: m})
	require.ErrorContains(t, err, "256 columns in the importance matrix, 512 in the tensor")

	// Q2_K_S is possible if every tensor has an entry.
	var entries []datEntry
	for i := range in.Tensors {
		cols := in.Tensors[i].Cols()
		if len(in.Tensors[i].Shape) == 3 {
			cols *= 2
		}
		entries = append(entries, datEntry{in.Tensors[i].Name, 1, ramp(cols, 1)})
	}
	m, err = ReadImportance(saveFile(t, dat(entries)))
	require.NoError(t, err)
	_, err = NewPlan(in, Options{Mix: mix(t, "Q2_K_S"), Importance: m})
	require.NoError(t, err)
}
