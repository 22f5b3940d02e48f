package gguf

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeSparse7B writes a LLaMA 7B in Q4_0 as a sparse file.
// Its weights are zeros, so they take no space on disk.
func writeSparse7B(t *testing.T, m *oldModel) string {
	path := filepath.Join(t.TempDir(), "ggml-alpaca-7b-q4.bin")
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write(m.bytes())
	require.NoError(t, err)
	tensor := func(name string, code, rows, cols int) {
		le := binary.LittleEndian
		dims := 1 + min(rows, 1)
		head := le.AppendUint32(nil, uint32(dims))
		head = le.AppendUint32(head, uint32(len(name)))
		head = le.AppendUint32(head, uint32(code))
		head = le.AppendUint32(head, uint32(cols))
		if rows > 0 {
			head = le.AppendUint32(head, uint32(rows))
		}
		_, err := f.Write(append(head, name...))
		require.NoError(t, err)
		size := int64(4 * cols)
		if code == 2 {
			size = int64(rows) * int64(cols) / 32 * 20
		}
		at, err := f.Seek(0, io.SeekCurrent)
		require.NoError(t, err)
		if m.format == "ggjt" {
			size += (32 - at%32) % 32
		}
		_, err = f.Seek(size, io.SeekCurrent)
		require.NoError(t, err)
		if err := f.Truncate(at + size); err != nil {
			t.Skip("this file system has no sparse files: ", err)
		}
	}
	const embd, ffn, vocab, layers = 4096, 11008, 32000, 32
	tensor("tok_embeddings.weight", 2, vocab, embd)
	tensor("norm.weight", 0, 0, embd)
	tensor("output.weight", 2, vocab, embd)
	for n := range layers {
		l := fmt.Sprintf("layers.%d.", n)
		for _, w := range []string{"wq", "wk", "wv", "wo"} {
			tensor(l+"attention."+w+".weight", 2, embd, embd)
		}
		tensor(l+"feed_forward.w1.weight", 2, ffn, embd)
		tensor(l+"feed_forward.w2.weight", 2, embd, ffn)
		tensor(l+"feed_forward.w3.weight", 2, ffn, embd)
		tensor(l+"attention_norm.weight", 0, 0, embd)
		tensor(l+"ffn_norm.weight", 0, 0, embd)
	}
	return path
}

// TestAlpaca7B checks that files of the size of Alpaca 7B of March 2023 open immediately and
// take no memory for the weights.
func TestAlpaca7B(t *testing.T) { testAlpaca7B(t, oldVocab(32000-firstPiece), false) }

// TestAlpaca7BShared does what TestAlpaca7B does, but with the vocabulary of LLaMA, so that the
// sizes are exact.
func TestAlpaca7BShared(t *testing.T) {
	vocab, _, _ := llamaOldVocab(t)
	testAlpaca7B(t, vocab, true)
}

func testAlpaca7B(t *testing.T, vocab []string, llama bool) {
	if intBits == 32 {
		t.Skip("4 GB cannot be mapped")
	}
	for _, test := range []struct {
		format  string
		version uint32
		bytes   int64
	}{{"ggml", 0, 4_212_727_017}, {"ggmf", 1, 4_212_855_021}, {"ggjt", 2, 4_212_859_520}} {
		m := &oldModel{
			format: test.format, version: test.version, ftype: 2, code: 2, vocab: vocab, scores: test.format != "ggml",
			embd: 4096, heads: 32, layers: 32,
		}
		path := writeSparse7B(t, m)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f := open(t, path)
		runtime.ReadMemStats(&after)
		if llama {
			require.Equal(t, test.bytes, f.Size())
		} else {
			require.InDelta(t, test.bytes, f.Size(), 1e6)
		}
		require.Len(t, f.Tensors, 291)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(16<<20))
		for _, x := range f.Tensors {
			require.EqualValues(t, x.Bytes, len(x.Data), x.Name)
		}
	}
}
