package gguf

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// splitPart returns part number no of count parts. Each part has one tensor. The key
// split.tensors.count has the value tensors.
func splitPart(no, count, tensors int) *builder {
	keys := uint64(3)
	if no == 0 {
		keys = 4
	}
	b := newBuilder(3, 1, keys)
	if no == 0 {
		b.key("general.architecture", KindString).str("llama")
	}
	b.key("split.no", KindU16).bytes(byte(no), 0)
	b.key("split.count", KindU16).bytes(byte(count), 0)
	b.key("split.tensors.count", KindI32).u32(uint32(tensors))
	b.tensor(fmt.Sprintf("t%d", no), quant.F32, 0, uint64(4+no))
	return b.data(32, 4*(4+no))
}

// saveSplit writes the parts into one folder and returns their paths.
func saveSplit(t *testing.T, parts ...*builder) (paths []string) {
	dir := t.TempDir()
	for i, b := range parts {
		path := filepath.Join(dir, fmt.Sprintf("model-%05d-of-%05d.gguf", i+1, len(parts)))
		require.NoError(t, os.WriteFile(path, b.buf, 0o644))
		paths = append(paths, path)
	}
	return paths
}

func TestSplit(t *testing.T) {
	paths := saveSplit(t, splitPart(0, 3, 3), splitPart(1, 3, 3), splitPart(2, 3, 3))
	for _, path := range paths {
		f := open(t, path)
		require.Equal(t, path, f.Path)
		require.Equal(t, paths, f.Parts)
		require.Len(t, f.KV, 1, "the keys split.* must be left out")
		arch, _, err := f.String("general.architecture")
		require.NoError(t, err)
		require.Equal(t, "llama", arch)
		require.Len(t, f.Tensors, 3)
		for i := range 3 {
			require.Equal(t, []int{4 + i}, f.Tensor(fmt.Sprintf("t%d", i)).Shape)
			require.Len(t, f.Tensors[i].Data, 16+4*i)
		}
		var size int64
		for _, p := range paths {
			st, err := os.Stat(p)
			require.NoError(t, err)
			size += st.Size()
		}
		require.Equal(t, size, f.Size())
		require.NoError(t, f.Unchanged())
	}
}

func TestSplitRelative(t *testing.T) {
	paths := saveSplit(t, splitPart(0, 2, 2), splitPart(1, 2, 2))
	t.Chdir(filepath.Dir(paths[0]))
	require.Len(t, open(t, filepath.Base(paths[1])).Tensors, 2)
	require.Len(t, open(t, "./"+filepath.Base(paths[1])).Tensors, 2)
}

func TestBadSplit(t *testing.T) {
	ok := func(n int) []*builder {
		return []*builder{splitPart(0, n, n), splitPart(1, n, n), splitPart(2, n, n)}[:n]
	}
	t.Run("missing part", func(t *testing.T) {
		paths := saveSplit(t, ok(3)...)
		require.NoError(t, os.Remove(paths[1]))
		_, err := Open(paths[2])
		require.ErrorContains(t, err, "part 2 of 3 is missing: ")
		require.ErrorContains(t, err, paths[1])
		require.ErrorIs(t, err, os.ErrNotExist)
	})
	t.Run("damaged part", func(t *testing.T) {
		paths := saveSplit(t, ok(3)...)
		require.NoError(t, os.Truncate(paths[2], 100))
		_, err := Open(paths[0])
		require.ErrorContains(t, err, paths[2])
	})
	t.Run("renamed", func(t *testing.T) {
		path := save(t, "model.gguf", splitPart(0, 3, 3).buf)
		_, err := Open(path)
		require.ErrorContains(t, err, "is one of 3 parts")
	})
	tests := []struct {
		name  string
		parts []*builder
		want  string
	}{
		{"a count that contradicts the names", []*builder{splitPart(0, 5, 5), splitPart(1, 5, 5)}, "the file's name says 2 parts, but split.count says 5"},
		{"parts swapped", []*builder{splitPart(1, 2, 2), splitPart(0, 2, 2)}, "split.no is 1, want 0 in part 1"},
		{"parts of two models", []*builder{splitPart(0, 2, 2), splitPart(1, 3, 2)}, "split.count is 3, but in model-00001-of-00002.gguf it is 2"},
		{"tensors missing", []*builder{splitPart(0, 2, 7), splitPart(1, 2, 7)}, "the parts have 2 tensors, but split.tensors.count says 7"},
		{"tensor twice", []*builder{splitPart(0, 2, 2), func() *builder {
			b := newBuilder(3, 1, 2).key("split.no", KindU16).bytes(1, 0).key("split.count", KindU16).bytes(2, 0)
			return b.tensor("t0", quant.F32, 0, 4).data(32, 16)
		}()}, `tensor "t0" is in another part too`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Open(saveSplit(t, test.parts...)[0])
			require.ErrorContains(t, err, test.want)
		})
	}
}
