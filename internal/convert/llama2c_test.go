package convert

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
	"alpaca/internal/testshared"
)

// TestStories converts the checkpoint from which stories260K.gguf was made.
func TestStories(t *testing.T) {
	want, err := gguf.Open(testshared.Path(t, "models/stories260K.gguf"))
	require.NoError(t, err)
	defer want.Close()
	got, res := convert(t, testshared.Path(t, "models/stories260K.bin"), Options{Vocab: testshared.Path(t, "models/tok512.bin")})
	require.Equal(t, "llama2.c 0", res.Format)
	require.Len(t, got.Tensors, len(want.Tensors))
	for _, x := range want.Tensors {
		y := got.Tensor(x.Name)
		require.NotNil(t, y, x.Name)
		require.Equal(t, x.Type, y.Type, x.Name)
		require.Equal(t, x.Shape, y.Shape, x.Name)
		require.Equal(t, x.Data, y.Data, x.Name)
	}
	for _, kv := range want.KV {
		if v, ok := got.Value(kv.Key); kv.Key != "general.license" {
			require.True(t, ok, kv.Key)
			require.Equal(t, kv.Value.Any(), v.Any(), kv.Key)
		}
	}
}

// checkpoint is a llama2.c checkpoint with random weights.
type checkpoint struct {
	version, dim, hidden, layers, heads, kvHeads, vocab, ctx, group int
	shared                                                          bool
	values                                                          map[string][]float32 // by GGUF name
}

func newCheckpoint(version int, shared bool) *checkpoint {
	return &checkpoint{
		version: version, dim: 64, hidden: 96, layers: 2, heads: 4, kvHeads: 2, vocab: 40, ctx: 32, group: 32, shared: shared,
	}
}

// bytes returns the file. It is written tensor by tensor, as export.py does.
func (c *checkpoint) bytes() []byte {
	le := binary.LittleEndian
	var b []byte
	vocab := c.vocab
	if c.version > 0 {
		b = le.AppendUint32(le.AppendUint32(b, 0x616b3432), uint32(c.version))
	} else if !c.shared {
		vocab = -vocab
	}
	for _, n := range []int{c.dim, c.hidden, c.layers, c.heads, c.kvHeads, vocab, c.ctx} {
		b = le.AppendUint32(b, uint32(n))
	}
	if c.version > 0 {
		if c.shared {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
		if c.version == 2 {
			b = le.AppendUint32(b, uint32(c.group))
		}
		b = append(b, make([]byte, 256-len(b))...)
	}
	c.values = map[string][]float32{}
	r := rand.New(rand.NewPCG(1, uint64(c.version)))
	floats := func(name string, n int) {
		for range n {
			x := float32(r.NormFloat64())
			c.values[name] = append(c.values[name], x)
			b = le.AppendUint32(b, math.Float32bits(x))
		}
	}
	matrix := func(name string, rows, cols int) {
		if c.version < 2 {
			floats(name, rows*cols)
			return
		}
		var scales []byte
		var scale float32
		for i := range rows * cols {
			if i%c.group == 0 {
				scale = float32(math.Abs(r.NormFloat64()) / 127)
				scales = le.AppendUint32(scales, math.Float32bits(scale))
			}
			q := int8(r.IntN(255) - 127)
			b = append(b, byte(q))
			c.values[name] = append(c.values[name], float32(q)*scale)
		}
		b = append(b, scales...)
	}
	each := func(write func(prefix string)) {
		for n := range c.layers {
			write([]string{"blk.0.", "blk.1."}[n])
		}
	}
	kv := c.dim / c.heads * c.kvHeads
	norms := func(name string) { each(func(p string) { floats(p+name+".weight", c.dim) }) }
	layer := func(name string, rows, cols int) { each(func(p string) { matrix(p+name+".weight", rows, cols) }) }
	attn := func() {
		layer("attn_q", c.dim, c.dim)
		layer("attn_k", kv, c.dim)
		layer("attn_v", kv, c.dim)
		layer("attn_output", c.dim, c.dim)
	}
	ffn := func() {
		layer("ffn_gate", c.hidden, c.dim)
		layer("ffn_down", c.dim, c.hidden)
		layer("ffn_up", c.hidden, c.dim)
	}
	if c.version == 0 {
		matrix("token_embd.weight", c.vocab, c.dim)
		norms("attn_norm")
		attn()
		norms("ffn_norm")
		ffn()
		floats("output_norm.weight", c.dim)
		floats("cos", c.ctx*c.dim/c.heads/2)
		floats("sin", c.ctx*c.dim/c.heads/2)
		delete(c.values, "cos")
		delete(c.values, "sin")
	} else {
		norms("attn_norm")
		norms("ffn_norm")
		floats("output_norm.weight", c.dim)
		matrix("token_embd.weight", c.vocab, c.dim)
		attn()
		ffn()
	}
	if c.shared {
		c.values["output.weight"] = c.values["token_embd.weight"]
	} else {
		matrix("output.weight", c.vocab, c.dim)
	}
	return b
}

// vocabFile returns a vocabulary of n tokens.
func vocabFile(n int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, 8)
	for i := range n {
		text := []string{"<unk>", "\n<s>\n", "\n</s>\n", "<0x00>", " the", "<0x41>"}[min(i, 5)]
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(-float32(i)))
		b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
		b = append(b, text...)
	}
	return b
}

func save(t testing.TB, name string, data []byte) string {
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, data, 0o644))
	return path
}

// TestLlama2C converts files of all versions, in which the output matrix is the embedding or a
// separate matrix.
func TestLlama2C(t *testing.T) {
	vocab := save(t, "tokenizer.bin", vocabFile(40))
	for version := range 3 {
		for _, shared := range []bool{false, true} {
			for _, exact := range []bool{false, true} {
				c := newCheckpoint(version, shared)
				f, res := convert(t, save(t, "model.bin", c.bytes()), Options{Vocab: vocab, Exact: exact})
				require.Len(t, f.Tensors, len(c.values))
				for i, x := range f.Tensors {
					want, got := c.values[x.Name], values(&x)
					require.Len(t, got, len(want), x.Name)
					if version < 2 || exact || len(x.Shape) == 1 {
						require.Equal(t, quant.F32, x.Type)
						require.Equal(t, want, got, x.Name)
						require.True(t, res.Tensors[i].Lossless)
						continue
					}
					require.Equal(t, quant.Q8_0, x.Type)
					require.Equal(t, "int8", res.Tensors[i].From)
					require.InDeltaSlice(t, want, got, 2e-3*3, x.Name)
					require.Less(t, res.Tensors[i].Loss.Relative(), 0x1p-11)
					require.Positive(t, res.Tensors[i].Loss.Relative())
				}
				kv, _, err := f.Uint("llama.attention.head_count_kv")
				require.NoError(t, err)
				require.EqualValues(t, 2, kv)
			}
		}
	}
}

// TestGroups reads int8 weights whose groups are not a whole number of blocks, or continue in
// the next row.
func TestGroups(t *testing.T) {
	vocab := save(t, "tokenizer.bin", vocabFile(40))
	tests := []struct {
		group, hidden int
		want          quant.Type
	}{{64, 96, quant.Q8_0}, {32, 48, quant.F32}, {16, 96, quant.F32}, {64, 80, quant.F32}}
	for _, test := range tests {
		c := newCheckpoint(2, true)
		c.group, c.hidden = test.group, test.hidden
		f, _ := convert(t, save(t, "model.bin", c.bytes()), Options{Vocab: vocab})
		require.Equal(t, test.want, f.Tensor("blk.0.ffn_down.weight").Type)
		for name, want := range c.values {
			require.InDeltaSlice(t, want, values(f.Tensor(name)), 6e-3, name)
		}
	}
}

// TestLlama2CBad checks damaged checkpoints and vocabularies.
func TestLlama2CBad(t *testing.T) {
	good := newCheckpoint(0, true).bytes()
	vocab := save(t, "tokenizer.bin", vocabFile(40))
	with := func(version, at int, value uint32) []byte {
		b := newCheckpoint(version, true).bytes()
		binary.LittleEndian.PutUint32(b[at:], value)
		return b
	}
	tests := []struct {
		name  string
		model []byte
		vocab string
		want  string
	}{
		{"short", good[:20], vocab, "20 bytes are too few"},
		{"short header", newCheckpoint(1, true).bytes()[:100], vocab, "100 bytes are too few"},
		{"cut", good[:len(good)-1], vocab, "a llama2.c checkpoint of these dimensions has"},
		{"longer", append(good[:len(good):len(good)], 0), vocab, "of these dimensions has"},
		{"version", with(1, 4, 3), vocab, "llama2.c version 3: the known versions are 0 to 2"},
		{"width", with(0, 0, 1<<30), vocab, "width 1073741824, want 1 to"},
		{"no heads", with(0, 12, 0), vocab, "number of heads 0"},
		{"heads", with(0, 12, 5), vocab, "5 heads do not divide the width 64"},
		{"key heads", with(0, 16, 3), vocab, "3 key heads do not divide the 4 heads"},
		{"group 0", with(2, 8+29, 0), vocab, "groups of 0 do not divide"},
		{"group", with(2, 8+29, 48), vocab, "groups of 48 do not divide the width 64"},
		{"vocabulary too short", good, save(t, "short.bin", vocabFile(39)), "holds 39 tokens, but the checkpoint has 40"},
		{"vocabulary too long", good, save(t, "long.bin", vocabFile(41)), "holds more than the 40 tokens"},
		{"vocabulary empty", good, save(t, "empty.bin", nil), "0 bytes are too few"},
		{"vocabulary text", good, save(t, "text.bin", []byte("Once upon a time there was a text.")), "not a llama2.c vocabulary"},
		{"vocabulary absent", good, "absent.bin", "no such file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := Run(context.Background(), save(t, "model.bin", test.model), filepath.Join(t.TempDir(), "out"), Options{Vocab: test.vocab})
			require.ErrorContains(t, err, test.want)
		})
	}
	// A checkpoint is also recognized without a vocabulary. A checkpoint of version 0 is recognized
	// only by its size.
	for version := range 3 {
		path := save(t, "model.bin", newCheckpoint(version, version == 1).bytes())
		_, err := Run(context.Background(), path, filepath.Join(t.TempDir(), "out"), Options{})
		require.ErrorIs(t, err, ErrNeedsVocab, "version %d", version)
		_, err = gguf.Open(path)
		var foreign *gguf.ForeignError
		require.ErrorAs(t, err, &foreign)
		require.Equal(t, "a llama2.c checkpoint", foreign.What)
	}
	_, err := Run(context.Background(), vocab, filepath.Join(t.TempDir(), "out"), Options{})
	require.ErrorContains(t, err, "unknown format")
}

// FuzzLlama2C checks that reading a header gives an error, or the right size of the file.
func FuzzLlama2C(f *testing.F) {
	for version := range 3 {
		b := newCheckpoint(version, true).bytes()
		f.Add(b[:min(len(b), llama2cHeader)], int64(len(b)))
	}
	f.Fuzz(func(t *testing.T, head []byte, size int64) {
		c, err := readLlama2CHeader(head[:min(len(head), llama2cHeader)], size)
		if err != nil {
			return
		}
		require.Equal(t, size, c.size())
		require.Positive(t, size)
	})
}

// FuzzVocab checks that the reader of vocabularies never panics.
func FuzzVocab(f *testing.F) {
	f.Add(vocabFile(5), 5)
	f.Fuzz(func(t *testing.T, data []byte, n int) {
		if n < 0 || n > 1000 {
			return
		}
		readVocab(save(t, "tokenizer.bin", data), n)
	})
}
