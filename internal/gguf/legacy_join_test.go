package gguf

import (
	"fmt"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
)

// TestPlanes checks that a file with planes reads as the same model as a file with blocks.
func TestPlanes(t *testing.T) {
	for _, test := range []struct {
		code int32
		typ  quant.Type
	}{{2, quant.Q4_0v1}, {3, quant.Q4_1v1}} {
		m := newOldModel("ggml", 0, test.code, test.code, test.typ)
		blocks := open(t, m.save(t))
		m.toPlanes(test.code == 3)
		path := m.save(t)
		for _, opt := range []Options{{}, {NoMap: true}} {
			planes, err := OpenWith(path, opt)
			require.NoError(t, err)
			for i, want := range blocks.Tensors {
				require.Equal(t, want.Data, planes.Tensors[i].Data, want.Name)
			}
			require.NoError(t, planes.Close())
		}

		// With HeaderOnly, Read rearranges only the requested rows.
		head, err := OpenWith(path, Options{HeaderOnly: true})
		require.NoError(t, err)
		defer head.Close()
		q := head.Tensor("blk.0.attn_q.weight")
		require.Nil(t, q.Data)
		row := test.typ.RowBytes(128)
		some := make([]byte, 3*row)
		require.NoError(t, q.Read(some, 5, 8))
		require.Equal(t, blocks.Tensor("blk.0.attn_q.weight").Data[5*row:8*row], some)
	}
}

// TestLegacyParts joins files in several parts, in all layouts that were written in parts.
func TestLegacyParts(t *testing.T) {
	models := map[string]*oldModel{
		"F32":        newOldModel("ggml", 0, 0, 0, quant.F32),
		"Q4_0":       newOldModel("ggmf", 1, 2, 2, quant.Q4_0v1),
		"Q4_1":       newOldModel("ggml", 0, 3, 3, quant.Q4_1v1),
		"Q4_1 plane": newOldModel("ggml", 0, 3, 3, quant.Q4_1v1),
	}
	for name, m := range models {
		for _, n := range []int{2, 4} {
			t.Run(fmt.Sprintf("%s in %d", name, n), func(t *testing.T) {
				whole := open(t, m.save(t))
				paths := m.split(t, n)
				if name == "Q4_1 plane" {
					paths = planeParts(t, m, n)
				}
				for _, path := range []string{paths[0], paths[n-1]} {
					for _, opt := range []Options{{}, {NoMap: true}} {
						f, err := OpenWith(path, opt)
						require.NoError(t, err)
						require.Equal(t, paths, f.Parts)
						for i, want := range whole.Tensors {
							got := f.Tensors[i]
							require.Equal(t, want.Shape, got.Shape, want.Name)
							require.Equal(t, want.Data, got.Data, want.Name)
							row := len(want.Data) / want.Rows()
							if want.Rows() > 10 {
								some := make([]byte, 7*row)
								got.Data = nil
								lo := want.Rows()/n - 3 // these rows are on both sides of a cut
								require.NoError(t, got.Read(some, lo, lo+7))
								require.Equal(t, want.Data[lo*row:(lo+7)*row], some, want.Name)
							}
						}
						require.NoError(t, f.Close())
					}
				}
			})
		}
	}
}

// planeParts writes the model in n parts and then rearranges each part to planes.
func planeParts(t *testing.T, m *oldModel, n int) []string {
	paths := m.split(t, n)
	for i, path := range paths {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		f := open(t, path) // this opens all parts; the test needs only the headers
		part := *m
		part.tensors = nil
		for j, x := range f.Tensors {
			s := x.src
			piece := s.pieces[min(i, len(s.pieces)-1)]
			t := oldTensor{m.tensors[j].name, m.tensors[j].code, s.rows, s.cols, data[piece.from:][:piece.n]}
			if m.tensors[j].rows == 0 {
				t.rows = 0
			}
			part.tensors = append(part.tensors, t)
		}
		part.toPlanes(true)
		require.NoError(t, os.WriteFile(path+".new", part.bytes(), 0o644))
	}
	for _, path := range paths {
		require.NoError(t, os.Rename(path+".new", path))
	}
	return paths
}

func TestLegacyBadParts(t *testing.T) {
	m := newOldModel("ggml", 0, 0, 0, quant.F32)
	t.Run("missing", func(t *testing.T) {
		paths := m.split(t, 2)
		require.NoError(t, os.Remove(paths[1]))
		err := refuse(t, paths[0])
		require.ErrorContains(t, err, "part 2 of 2 is missing: ")
		require.ErrorContains(t, err, "old.bin.1")
	})
	t.Run("a part of another model", func(t *testing.T) {
		paths := m.split(t, 2)
		other := newOldModel("ggml", 0, 1, 0, quant.F32)
		require.NoError(t, os.WriteFile(paths[1], other.bytes(), 0o644))
		require.ErrorContains(t, refuse(t, paths[0]), "is a part of another model")
	})
	t.Run("a part of another kind", func(t *testing.T) {
		paths := m.split(t, 2)
		require.NoError(t, os.WriteFile(paths[1], []byte("text"), 0o644))
		require.ErrorContains(t, refuse(t, paths[0]), "is not part 2")
	})
	t.Run("cut short", func(t *testing.T) {
		paths := m.split(t, 2)
		require.NoError(t, os.Truncate(paths[1], 50_000))
		require.ErrorContains(t, refuse(t, paths[0]), "old.bin.1: ")
	})
}
