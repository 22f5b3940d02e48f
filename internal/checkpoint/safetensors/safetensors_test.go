package safetensors

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/mmap"
	"alpaca/internal/testshared"
)

// file writes a file with a header and the given number
// of data bytes. The values of the bytes count up.
func file(t testing.TB, header string, data int) string {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	b = append(b, header...)
	for i := range data {
		b = append(b, byte(i))
	}
	path := filepath.Join(t.TempDir(), "x.safetensors")
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

// TestOpen reads a file whose tensors are not in the order of their names. One of them has an
// unknown key, one has numbers of four bits, and one has no elements.
func TestOpen(t *testing.T) {
	path := file(t, `{"__metadata__":{"format":"pt"},"b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12],"more":[1]},`+
		`"a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"n":{"dtype":"I64","shape":[0,9],"data_offsets":[12,12]},`+
		`"q":{"dtype":"F4","shape":[2,3],"data_offsets":[12,15]},"one":{"dtype":"F8_E4M3","shape":[],"data_offsets":[15,16]}}   `, 16)
	for _, mapped := range []bool{false, true} {
		f, err := Open(path, Options{Map: mapped})
		require.NoError(t, err)
		require.Equal(t, map[string]string{"format": "pt"}, f.Metadata)
		require.Nil(t, f.Tensor("c"))
		b := f.Tensor("b")
		require.Equal(t, []int{2, 1}, b.Shape)
		require.Equal(t, int64(8), b.Bytes())
		require.Equal(t, mapped, b.Data != nil)
		raw := make([]byte, 4)
		require.NoError(t, b.ReadAt(raw, 4))
		require.Equal(t, []byte{8, 9, 10, 11}, raw)
		x, err := f.Tensor("a").Float32s()
		require.NoError(t, err)
		require.Len(t, x, 2)
		_, err = f.Tensor("q").Float32s()
		require.ErrorContains(t, err, `tensor "q" is F4, which is not a plain number`)
		require.Equal(t, 1, f.Tensor("one").Elems())
		require.NoError(t, f.Close())
	}
}

// TestBad checks files that must be refused, and the errors.
func TestBad(t *testing.T) {
	one := func(what string) string { return `{"a":` + what + `}` }
	tests := []struct {
		name, header string
		data         int
		want         string
	}{
		{"gap before", one(`{"dtype":"U8","shape":[1],"data_offsets":[1,2]}`), 2, "1 bytes after the end of the tensor before"},
		{"gap after", one(`{"dtype":"U8","shape":[1],"data_offsets":[0,1]}`), 2, "2 bytes of data, but the tensors end at byte 1"},
		{"overlap", `{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}`, 3, `"b": begins at byte 1 of the data, within another`},
		{"past the end", one(`{"dtype":"U8","shape":[3],"data_offsets":[0,3]}`), 2, "bytes 0 to 3, but the data have 2"},
		{"backwards", one(`{"dtype":"U8","shape":[1],"data_offsets":[1,0]}`), 2, "bytes 1 to 0"},
		{"size", one(`{"dtype":"F32","shape":[1],"data_offsets":[0,2]}`), 2, "2 bytes, want 4 for F32 [1]"},
		{"half a byte", one(`{"dtype":"F4","shape":[3],"data_offsets":[0,2]}`), 2, "are not whole bytes"},
		{"type", one(`{"dtype":"F3","shape":[3],"data_offsets":[0,2]}`), 2, `tensor "a": unknown dtype "F3"`},
		{"negative", one(`{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}`), 1, "negative or too large"},
		{"overflow", one(`{"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]}`), 0, "negative or too large"},
		{"overflow of a shape that has a zero", one(`{"dtype":"U8","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}`), 0, "negative or too large"},
		{"twice", `{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`, 0, `"a" is there twice`},
		{"dimensions", one(`{"dtype":"U8","shape":[` + strings.Repeat("1,", 16) + `1],"data_offsets":[0,1]}`), 1, "17 dimensions, at most 16"},
		{"no shape", one(`{"dtype":"U8","data_offsets":[0,1]}`), 1, "dtype or shape is missing"},
		{"offsets", one(`{"dtype":"U8","shape":[1],"data_offsets":[0,1,2]}`), 1, "data_offsets has 3 numbers"},
		{"fraction", one(`{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}`), 1, "cannot unmarshal"},
		{"more", `{} {}`, 0, "something follows"},
		{"list", `[]`, 0, "does not begin with '{'"},
		{"cut", `{"a":`, 0, "header: "},
		{"metadata", `{"__metadata__":{"a":1}}`, 0, "__metadata__"},
		{"depth", one(strings.Repeat("[", 100000)), 0, "header: tensor"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := file(t, tt.header, tt.data)
			_, err := Open(path, Options{})
			require.ErrorContains(t, err, tt.want)
			require.ErrorContains(t, err, "safetensors: "+path+": ")
			require.NotContains(t, err.Error(), "\n")
		})
	}
	path := filepath.Join(t.TempDir(), "short")
	require.NoError(t, os.WriteFile(path, []byte{255, 255, 255, 255, 255, 255, 255, 255, '{'}, 0o644))
	_, err := Open(path, Options{})
	require.ErrorContains(t, err, "header of 18446744073709551615 bytes in a file of 9")
	require.NoError(t, os.WriteFile(path, []byte{1, 0, 0}, 0o644))
	_, err = Open(path, Options{})
	require.ErrorContains(t, err, "3 bytes are too few")
	_, err = Open(t.TempDir(), Options{})
	require.ErrorContains(t, err, "not a regular file")
}

// TestShared opens files that the format's own library wrote.
func TestShared(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(testshared.Path(t, "models/hf"), "*", "*.safetensors"))
	require.NoError(t, err)
	require.Greater(t, len(paths), 25)
	for _, path := range paths {
		f, err := Open(path, Options{Map: true})
		require.NoError(t, err)
		require.NotEmpty(t, f.Tensors)
		for i := range f.Tensors {
			if x := &f.Tensors[i]; x.Type.Plain() {
				require.NoError(t, mmap.Guard(func() error { _, err := x.Float32s(); return err }))
			}
		}
		require.NoError(t, f.Close())
	}
}

// FuzzHeader checks that parsing a header gives an error, or that the header describes the data
// without a gap.
func FuzzHeader(f *testing.F) {
	f.Add([]byte(`{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}`), int64(2))
	f.Add([]byte(`{"__metadata__":{"a":"b"},"":{"dtype":"F64","shape":[],"data_offsets":[0,8]}}`), int64(8))
	f.Fuzz(func(t *testing.T, raw []byte, size int64) {
		h, err := parseHeader(raw)
		if err != nil || size < 0 || h.check(size) != nil {
			return
		}
		at := int64(0)
		for _, e := range h.entries {
			n, ok := weights.Elements(e.shape)
			if !ok || e.from != at || e.to-e.from != e.typ.Bytes(n) {
				t.Fatal(fmt.Sprint("wrong entry ", e))
			}
			at = e.to
		}
		require.Equal(t, size, at)
	})
}
