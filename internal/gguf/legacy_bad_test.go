package gguf

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// TestLegacyBad opens files with one fault each.
func TestLegacyBad(t *testing.T) {
	small := func() *oldModel { return newOldModel("ggjt", 3, 0, 0, quant.F32) }
	tests := []struct {
		name   string
		change func(m *oldModel)
		want   string
	}{
		{"version", func(m *oldModel) { m.version = 4 }, "ggjt version 4: the known versions are 1 to 3"},
		{"version 0", func(m *oldModel) { m.version = 0 }, "ggjt version 0: the known versions are 1 to 3"},
		{"ggmf version", func(m *oldModel) { m.format, m.version = "ggmf", 2 }, "ggmf version 2: the known versions are 1 to 1"},
		{"heads", func(m *oldModel) { m.heads = 3 }, "3 heads do not divide the embedding length 128"},
		{"layers", func(m *oldModel) { m.layers = 5000 }, "number of layers 5000, want 1 to 1024"},
		{"layer missing", func(m *oldModel) { m.layers = 2 }, `tensor "blk.1.attn_norm.weight" is missing: the file is cut short`},
		{"tensor missing", func(m *oldModel) { m.tensors = m.tensors[:11] }, `tensor "blk.0.ffn_norm.weight" is missing`},
		{"nearly all tensors missing", func(m *oldModel) { m.tensors = m.tensors[:1] }, "the first layer's tensors are missing"},
		{"a tensor twice", func(m *oldModel) { m.tensors = append(m.tensors, m.tensors[1]) }, `"norm.weight" occurs twice`},
		{"unknown tensor", func(m *oldModel) { m.tensors[5].name = "layers.0.attention.wx.weight" }, `"layers.0.attention.wx.weight" is not a tensor of a LLaMA of 1 layers`},
		{"layer too high", func(m *oldModel) { m.tensors[5].name = "layers.1.attention.wv.weight" }, "is not a tensor of a LLaMA of 1 layers"},
		{"layer number with a leading zero", func(m *oldModel) { m.tensors[5].name = "layers.00.attention.wv.weight" }, "is not a tensor of a LLaMA"},
		{"name too long", func(m *oldModel) { m.tensors[5].name = strings.Repeat("x", 1024) }, "name of 1024 bytes, want 1 to 1023"},
		{"no name", func(m *oldModel) { m.tensors[5].name = "" }, "name of 0 bytes"},
		{"a tensor without columns", func(m *oldModel) { m.tensors[5].cols = 0 }, "all must be positive"},
		{"huge", func(m *oldModel) { m.tensors[5].cols, m.tensors[5].rows = 1<<31-1, 1<<31-1 }, "attention.wv.weight"},
		{"past the end", func(m *oldModel) { m.tensors[11].cols = 129 }, "516 bytes of data at offset"},
		{"matrix for a vector", func(m *oldModel) { m.tensors[1].rows = 1 }, `tensor "output_norm.weight": is [1 128] in 2 dimensions, want [1 128] in 1`},
		{"shapes disagree", func(m *oldModel) {
			m.tensors[3].rows = 64
			m.tensors[3].data = m.tensors[3].data[:4*64*128]
		}, `tensor "blk.0.attn_q.weight": is [64 128] in 2 dimensions, want [128 128]`},
		{"rows that are not whole key heads", func(m *oldModel) {
			m.tensors[4].rows = 48
			m.tensors[4].data = m.tensors[4].data[:4*48*128]
		}, "48 rows: these must be whole heads of"},
		{"block size", func(m *oldModel) {
			m.tensors[1].code = 2
		}, `"norm.weight": `},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := small()
			test.change(m)
			if test.name == "block size" {
				m.tensors[1].cols = 33
			}
			require.ErrorContains(t, refuse(t, m.save(t)), test.want)
		})
	}
}

// TestRopeFreqs checks that the reader skips a superfluous tensor that some converters wrote.
func TestRopeFreqs(t *testing.T) {
	m := newOldModel("ggjt", 1, 0, 0, quant.F32)
	m.tensors = append([]oldTensor{{"rope.freqs", 0, 0, 16, make([]byte, 64)}}, m.tensors...)
	require.Len(t, open(t, m.save(t)).Tensors, 12)
}

// TestLegacyBadSize opens large sparse files with too many tensors or with bad tokens.
func TestLegacyBadSize(t *testing.T) {
	header := (&builder{}).u32(0x67676d6c)
	for _, n := range []uint32{maxLegacyVocab, 128, 32, 4, 1, 32, 0} {
		header.u32(n)
	}
	freqs := tinyOldModel("ggml", 0, 0, 0, quant.F32)
	for len(freqs.tensors) < 40_000 {
		freqs.tensors = append(freqs.tensors, oldTensor{"rope.freqs", 0, 0, 1, make([]byte, 4)})
	}
	tests := []struct {
		name string
		data []byte
		want string
	}{
		{"empty tokens", header.buf, "0 dimensions, want 1 or 2"},
		{"long tokens", append(header.buf[:len(header.buf):len(header.buf)], 0, 0, 0, 0x10), "token 0 of 262144: 268435456 bytes"},
		{"tensors", freqs.bytes(), "more than 32768 tensors"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := save(t, "old.bin", test.data)
			if err := os.Truncate(path, 1<<30); err != nil {
				t.Skip("this file system has no sparse files: ", err)
			}
			require.ErrorContains(t, refuse(t, path), test.want)
		})
	}
}

// openBytes opens a file of 2023 that exists only in memory.
func openBytes(data []byte) (*File, error) {
	im := &image{path: "old.bin", size: int64(len(data)), data: data, mapped: true}
	f := &File{Path: im.path}
	return f, f.openLegacy(im, Options{})
}

// checkLegacy opens data. If that succeeds, it reads all values and checks all tensors.
func checkLegacy(t testing.TB, data []byte) {
	if !isLegacy(data) {
		return
	}
	f, err := openBytes(data)
	if err != nil {
		return
	}
	for _, x := range f.Tensors {
		require.EqualValues(t, x.Bytes, len(x.Data))
		require.Equal(t, x.Rows()*x.Type.RowBytes(x.Cols()), len(x.Data))
	}
	for _, kv := range f.KV {
		kv.Value.Any()
	}
}

// TestLegacyTruncated truncates files at every byte near their beginning
// and end, and at many places between. The truncated files must be
// refused, except for a file that ends exactly after the vocabulary.
func TestLegacyTruncated(t *testing.T)       { testLegacyTruncated(t, false) }
func TestLegacyTruncatedShared(t *testing.T) { testLegacyTruncated(t, true) }

func testLegacyTruncated(t *testing.T, shared bool) {
	for _, path := range legacyFiles(t, shared) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		vocabulary := 0
		for n := 4; n < len(data); n++ {
			if f, err := openBytes(data[:n]); err == nil {
				require.Empty(t, f.Tensors, "%s cut to %d bytes", path, n)
				vocabulary++
			} else {
				require.NotErrorIs(t, err, errShort)
			}
			switch {
			case n < 36 || len(data)-n < 100:
			case n < 9000:
				n += 30
			default:
				n += 3001
			}
		}
		require.LessOrEqual(t, vocabulary, 1)
		refuse(t, save(t, "cut.bin", data[:len(data)-1]))
	}
}

// TestLegacyFlipped flips random bits of files. Half of these
// bits are near the beginning of a file, where the sizes are.
func TestLegacyFlipped(t *testing.T)       { testLegacyFlipped(t, false) }
func TestLegacyFlippedShared(t *testing.T) { testLegacyFlipped(t, true) }

func testLegacyFlipped(t *testing.T, shared bool) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, path := range legacyFiles(t, shared) {
		data, err := os.ReadFile(path)
		require.NoError(t, err)
		for i := range 100 {
			limit := len(data)
			if i < 50 {
				limit = 10_000
			}
			at, bit := r.IntN(limit), byte(1)<<r.IntN(8)
			data[at] ^= bit
			checkLegacy(t, data)
			data[at] ^= bit
		}
	}
}

// TestLegacyFlippedHeader flips every bit in the first 1200 bytes of a small file.
func TestLegacyFlippedHeader(t *testing.T) {
	data := tinyOldModel("ggjt", 3, 2, 2, quant.Q4_0).bytes()
	for i := range 1200 * 8 {
		data[i/8] ^= 1 << (i % 8)
		checkLegacy(t, data)
		data[i/8] ^= 1 << (i % 8)
	}
}

// legacyFiles returns the files of 2023 in the shared
// folder or, if shared is false, a file that it writes.
func legacyFiles(t *testing.T, shared bool) []string {
	if !shared {
		return []string{newOldModel("ggml", 0, 2, 2, quant.Q4_0v1).save(t)}
	}
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(testshared.Path(t, "models/legacy/leg-ggml-f16.bin")), "*.bin"))
	require.NoError(t, err)
	return paths
}

// FuzzLegacy opens arbitrary bytes.
func FuzzLegacy(f *testing.F) {
	f.Add(tinyOldModel("ggml", 0, 3, 3, quant.Q4_1v1).bytes())
	f.Add(tinyOldModel("ggjt", 1, 5, 4, quant.Q4_2).bytes())
	f.Add(tinyOldModel("ggjt", 3, 2, 2, quant.Q4_0).bytes())
	for _, d := range dialects {
		f.Add(dialectFile(&d, true))
	}
	f.Fuzz(func(t *testing.T, data []byte) { checkLegacy(t, data) })
}
