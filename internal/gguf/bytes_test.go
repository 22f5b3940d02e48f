package gguf

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/mmap"
	"alpaca/internal/quant"
)

func smallCheckpoint(t *testing.T) string {
	return newBuilder(3, 2, 1).key("general.architecture", KindString).str("llama").
		tensor("x", quant.F32, 0, 8, 2).tensor("y", quant.Q8_0, 64, 32).data(32, 64+34).save(t)
}

// TestOpenBytes checks that a checkpoint reads the same from memory as from a file, at any
// alignment, and that aligned bytes are not copied.
func TestOpenBytes(t *testing.T) {
	path := smallCheckpoint(t)
	want, err := Open(path)
	require.NoError(t, err)
	defer want.Close()
	onDisk, err := os.ReadFile(path)
	require.NoError(t, err)
	for shift := range 33 {
		room := alignedCopy(make([]byte, len(onDisk)+shift))
		data := room[shift:]
		copy(data, onDisk)
		for _, opt := range []Options{{}, {NoMap: true}, {HeaderOnly: true, NoMap: true}} {
			f, err := OpenBytes("memory", data, opt)
			require.NoError(t, err)
			require.Equal(t, want.KV, f.KV)
			require.Equal(t, []string{"memory"}, f.Parts)
			require.Equal(t, int64(len(onDisk)), f.Size())
			require.NoError(t, f.Unchanged())
			inPlace := shift%32 == 0 && (!opt.NoMap || opt.HeaderOnly)
			require.Equal(t, inPlace, f.Mapped())
			for i := range f.Tensors {
				got := &f.Tensors[i]
				require.Equal(t, want.Tensors[i].Name, got.Name)
				require.True(t, bytes.Equal(want.Tensors[i].Data, got.Data))
				require.Zero(t, mmap.Base(got.Data)%32)
				rows := make([]byte, got.Bytes)
				require.NoError(t, got.Read(rows, 0, got.Rows()))
				require.True(t, bytes.Equal(got.Data, rows))
			}
			var out bytes.Buffer
			n, err := f.WriteTo(&out)
			require.NoError(t, err)
			require.Equal(t, int64(len(onDisk)), n)
			require.True(t, bytes.Equal(onDisk, out.Bytes()))
			require.NoError(t, f.Close())
		}
	}
	for _, opt := range []Options{{}, {NoMap: true}} {
		f, err := OpenWith(path, opt)
		require.NoError(t, err)
		var out bytes.Buffer
		_, err = f.WriteTo(&out)
		require.NoError(t, err)
		require.True(t, bytes.Equal(onDisk, out.Bytes()))
		require.NoError(t, f.Close())
	}
}

// TestOpenBadBytes checks that OpenBytes refuses bytes that are not a whole checkpoint.
func TestOpenBadBytes(t *testing.T) {
	data, err := os.ReadFile(smallCheckpoint(t))
	require.NoError(t, err)
	for n := range data {
		_, err := OpenBytes("memory", data[:n], Options{})
		require.ErrorContains(t, err, "gguf: memory", n)
	}
	for _, magic := range []string{"lmgg", "tjgg", "fmgg", "PK\x03\x04"} {
		_, err := OpenBytes("memory", append([]byte(magic), data[4:]...), Options{})
		require.ErrorContains(t, err, "gguf: memory", magic)
	}
	_, err = OpenBytes("memory", splitPart(0, 3, 3).buf, Options{})
	require.ErrorContains(t, err, "gguf: memory: is one of 3 parts")
}
