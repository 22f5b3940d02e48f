package gguf

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// rewrite writes all of f to a new file and returns its path.
func rewrite(t testing.TB, f *File) string {
	path := filepath.Join(t.TempDir(), "out.gguf")
	w, err := Create(path, f.KV, f.Tensors)
	require.NoError(t, err)
	defer w.Abort()
	for _, x := range f.Tensors {
		require.NoError(t, w.Begin(x.Name))
		for rest := x.Data; len(rest) > 0; { // in pieces
			n := min(len(rest), 1000)
			_, err := w.Write(rest[:n])
			require.NoError(t, err)
			rest = rest[n:]
		}
	}
	require.NoError(t, w.Commit())
	return path
}

// TestRewriteShared checks that copies of real files have the same bytes.
func TestRewriteShared(t *testing.T) { testRewrite(t, sharedFiles(t)) }

func TestRewrite(t *testing.T) { testRewrite(t, []string{ownFile(t, 1000, 64)}) }

func testRewrite(t *testing.T, paths []string) {
	for _, path := range paths {
		want, err := os.ReadFile(path)
		require.NoError(t, err)
		got, err := os.ReadFile(rewrite(t, open(t, path)))
		require.NoError(t, err)
		require.True(t, bytes.Equal(want, got), path)
	}
}

// TestRewriteVersions rewrites files of old versions and checks that values and data are the
// same.
func TestRewriteVersions(t *testing.T) {
	want := open(t, everyKind(3, false).save(t))
	for _, b := range []*builder{everyKind(1, true), everyKind(1, false), everyKind(2, true), everyKind(2, false), everyKind(3, false)} {
		path := rewrite(t, open(t, b.save(t)))
		got := open(t, path)
		require.EqualValues(t, 3, got.Version)
		require.Len(t, got.KV, len(want.KV))
		for i, kv := range want.KV {
			require.Equal(t, kv.Key, got.KV[i].Key)
			require.Equal(t, kv.Value.Any(), got.KV[i].Value.Any())
			require.Equal(t, kv.Value.TypeName(), got.KV[i].Value.TypeName())
		}
		require.Equal(t, want.Tensors, got.Tensors)
		again, err := os.ReadFile(path)
		require.NoError(t, err)
		direct, err := os.ReadFile(rewrite(t, want))
		require.NoError(t, err)
		require.Equal(t, direct, again)
	}
}

func TestMadeValues(t *testing.T) {
	kv := []KV{
		{"u8", U8(1)}, {"u16", U16(2)}, {"u32", U32(3)}, {"u64", U64(math.MaxUint64)}, {"i32", I32(-4)},
		{"f32", F32(0.5)}, {"f64", F64(0.1)}, {"bool", Bool(true)}, {"str", Str("text")},
		{"strs", Strs([]string{"a", "", "b"})}, {"f32s", F32s([]float32{1, 2})}, {"i32s", I32s([]int32{-1})},
		{"u32s", U32s([]uint32{7})}, {"bools", Bools([]bool{true, false})}, {"none", Strs(nil)},
		{"general.alignment", U32(64)},
	}
	path := filepath.Join(t.TempDir(), "out.gguf")
	tensors := []Tensor{{Name: "x", Type: quant.F32, Shape: []int{3, 1, 5}}, {Name: "y", Type: quant.Q8_0, Shape: []int{32}}}
	w, err := Create(path, kv, tensors)
	require.NoError(t, err)
	x, y := bytes.Repeat([]byte{1}, 60), bytes.Repeat([]byte{2}, 34)
	require.NoError(t, w.WriteTensor("x", x))
	require.NoError(t, w.WriteTensor("y", y))
	require.NoError(t, w.Commit())
	require.ErrorContains(t, w.Commit(), "closed")
	w.Abort() // does nothing

	f := open(t, path)
	require.Len(t, f.KV, len(kv))
	for i := range kv {
		require.Equal(t, kv[i].Key, f.KV[i].Key)
		require.Equal(t, kv[i].Value.Any(), f.KV[i].Value.Any(), kv[i].Key)
	}
	require.Equal(t, []int{3, 1, 5}, f.Tensor("x").Shape)
	require.Equal(t, x, f.Tensor("x").Data)
	require.Equal(t, y, f.Tensor("y").Data)
	require.Zero(t, f.Size()%64)
}

// TestWriterRefuses checks that Create finds bad keys and tensors before it writes a file.
func TestWriterRefuses(t *testing.T) {
	tensor := func(name string, typ quant.Type, shape ...int) []Tensor {
		return []Tensor{{Name: name, Type: typ, Shape: shape}}
	}
	tests := []struct {
		name    string
		kv      []KV
		tensors []Tensor
		want    string
	}{
		{"duplicate key", []KV{{"a", U8(1)}, {"a", U8(2)}}, nil, `key "a" occurs twice`},
		{"empty key", []KV{{"", U8(1)}}, nil, "0 bytes"},
		{"no value", []KV{{"a", Value{}}}, nil, `key "a" has no value`},
		{"alignment", []KV{{"general.alignment", U32(3)}}, nil, "3 is not a power of two"},
		{"duplicate tensor", nil, append(tensor("x", 0, 1), tensor("x", 0, 1)...), "used twice"},
		{"no name", nil, tensor("", quant.F32, 1), `tensor ""`},
		{"unknown type", nil, tensor("x", 999, 1), "unknown type code 999"},
		{"a type that only this program has", nil, tensor("x", 1001, 1), "unknown type code 1001"},
		{"no shape", nil, tensor("x", quant.F32), "0 dimensions"},
		{"negative", nil, tensor("x", quant.F32, -4, 4), "shape [-4 4]: a dimension is negative"},
		{"block size", nil, tensor("x", quant.Q4_0, 4, 31), "rows of 31 elements"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			w, err := Create(filepath.Join(dir, "out.gguf"), test.kv, test.tensors)
			require.Nil(t, w)
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "out.gguf")
			require.Empty(t, list(t, dir))
		})
	}
}

func list(t *testing.T, dir string) (names []string) {
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestWriterMisuse writes too little, too much, or in the wrong order. Then no new file may appear,
// and an old file at the same path must stay.
func TestWriterMisuse(t *testing.T) {
	tests := []struct {
		name  string
		write func(w *Writer) error
		want  string
	}{
		{"nothing", func(w *Writer) error { return nil }, `tensor "x" is missing`},
		{"data first", func(w *Writer) error { _, err := w.Write([]byte{1}); return err }, "before the first tensor"},
		{"wrong order", func(w *Writer) error { return w.Begin("y") }, `tensor "y" comes where "x" is expected`},
		{"too much", func(w *Writer) error { return w.WriteTensor("x", make([]byte, 17)) }, `tensor "x": 1 bytes more than its size`},
		{"too little", func(w *Writer) error { w.WriteTensor("x", make([]byte, 15)); return w.Begin("y") }, `tensor "x": 1 bytes are missing`},
		{"too little at the end", func(w *Writer) error {
			w.WriteTensor("x", make([]byte, 16))
			return w.WriteTensor("y", make([]byte, 4))
		}, `tensor "y": 12 bytes are missing`},
		{"one more", func(w *Writer) error {
			w.WriteTensor("x", make([]byte, 16))
			w.WriteTensor("y", make([]byte, 16))
			return w.Begin("z")
		}, `tensor "z" comes after the last`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := save(t, "out.gguf", []byte("as it was"))
			w, err := Create(path, nil, []Tensor{
				{Name: "x", Type: quant.F32, Shape: []int{4}}, {Name: "y", Type: quant.F32, Shape: []int{4}},
			})
			require.NoError(t, err)
			test.write(w)
			err = w.Commit()
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, "gguf: "+path)
			require.Equal(t, []string{"out.gguf"}, list(t, filepath.Dir(path)))
			data, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, "as it was", string(data))
		})
	}
}

func TestWriterFile(t *testing.T) {
	// Only Commit replaces the old file, and the new file gets the permissions of the old one.
	path := save(t, "out.gguf", []byte("as it was"))
	require.NoError(t, os.Chmod(path, 0o600))
	w, err := Create(path, []KV{{"a", U8(1)}}, nil)
	require.NoError(t, err)
	w.Abort()
	require.Equal(t, []string{"out.gguf"}, list(t, filepath.Dir(path)))
	w, err = Create(path, []KV{{"a", U8(1)}}, nil)
	require.NoError(t, err)
	require.NoError(t, w.Commit())
	require.Len(t, open(t, path).KV, 1)
	if runtime.GOOS != "windows" {
		st, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o600), st.Mode())
	}
	// Create refuses a path that cannot be a file.
	_, err = Create(t.TempDir(), nil, nil)
	require.ErrorContains(t, err, "not a regular file")
	_, err = Create(filepath.Join(t.TempDir(), "absent", "out.gguf"), nil, nil)
	require.ErrorIs(t, err, os.ErrNotExist)
}
