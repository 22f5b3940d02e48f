package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// oldModel is a small LLaMA model, which the tests write as programs
// of 2023 wrote models. The writer shares no code with the reader.
type oldModel struct {
	format  string
	version uint32
	vocab   []string
	scores  bool // the format has scores
	embd    int
	heads   int
	ffn     int
	layers  int
	ftype   int32
	code    int32 // the type code of the matrices
	tensors []oldTensor
}

// oldTensor is a tensor. Its data has the form that it has in the file.
type oldTensor struct {
	name       string
	code       int32
	rows, cols int // rows is 0 for a vector
	data       []byte
}

// oldVocab returns a vocabulary with n pieces, in the same order as LLaMA's vocabulary.
func oldVocab(n int) []string {
	v := []string{" \u2047 ", "", ""}
	for b := range 256 {
		v = append(v, string([]byte{byte(b)}))
	}
	for i := range n {
		v = append(v, fmt.Sprintf(" piece%d", i))
	}
	return v
}

// newOldModel returns a model of one layer with an embedding length of 128.
// typ is the type of the matrices, and code stands for typ in this format.
func newOldModel(format string, version uint32, ftype, code int32, typ quant.Type) *oldModel {
	m := &oldModel{format: format, version: version, ftype: ftype, code: code, embd: 128, heads: 4, ffn: 256}
	m.vocab = oldVocab(29)
	return m.fill(typ)
}

// tinyOldModel returns a model that is as small as possible.
func tinyOldModel(format string, version uint32, ftype, code int32, typ quant.Type) *oldModel {
	m := &oldModel{format: format, version: version, ftype: ftype, code: code, embd: 32, heads: 1, ffn: 32}
	m.vocab = []string{"", "", "", "a", " b"}
	return m.fill(typ)
}

// fill adds all tensors, with random weights.
func (m *oldModel) fill(typ quant.Type) *oldModel {
	m.scores, m.layers = m.format != "ggml", 1
	r := rand.New(rand.NewPCG(1, uint64(m.code)))
	add := func(name string, rows, cols int) {
		if rows == 0 {
			m.tensors = append(m.tensors, oldTensor{name, 0, rows, cols, randomBlocks(r, quant.F32, cols)})
		} else {
			m.tensors = append(m.tensors, oldTensor{name, m.code, rows, cols, randomBlocks(r, typ, rows*cols)})
		}
	}
	add("tok_embeddings.weight", len(m.vocab), m.embd)
	add("norm.weight", 0, m.embd)
	add("output.weight", len(m.vocab), m.embd)
	add("layers.0.attention.wq.weight", m.embd, m.embd)
	add("layers.0.attention.wk.weight", m.embd, m.embd)
	add("layers.0.attention.wv.weight", m.embd, m.embd)
	add("layers.0.attention.wo.weight", m.embd, m.embd)
	add("layers.0.attention_norm.weight", 0, m.embd)
	add("layers.0.feed_forward.w1.weight", m.ffn, m.embd)
	add("layers.0.feed_forward.w2.weight", m.embd, m.ffn)
	add("layers.0.feed_forward.w3.weight", m.ffn, m.embd)
	add("layers.0.ffn_norm.weight", 0, m.embd)
	return m
}

// blockScales are the offsets of the scales and minima in a block of each
// type. Scales and minima are float32 if wide is true, and float16 otherwise.
var blockScales = map[quant.Type]struct {
	wide    bool
	offsets []int
}{
	quant.F32: {true, []int{0}}, quant.F16: {false, []int{0}},
	quant.Q4_0v1: {true, []int{0}}, quant.Q4_1v1: {true, []int{0, 4}},
	quant.Q4_0v2: {true, []int{0}}, quant.Q4_1v2: {true, []int{0, 4}},
	quant.Q8_0v1: {true, []int{0}}, quant.Q5_0v1: {false, []int{0}}, quant.Q5_1v1: {false, []int{0, 2}},
	quant.Q4_2: {false, []int{0, 10}}, quant.Q4_3: {false, []int{0, 2, 12, 14}},
	quant.Q4_0: {false, []int{0}}, quant.Q4_1: {false, []int{0, 2}}, quant.Q5_0: {false, []int{0}},
	quant.Q5_1: {false, []int{0, 2}}, quant.Q8_0: {false, []int{0}},
}

// randomBlocks returns n random weights of the usual size.
func randomBlocks(r *rand.Rand, typ quant.Type, n int) (data []byte) {
	scales := blockScales[typ]
	for range n / typ.BlockLen() {
		b := make([]byte, typ.BlockBytes())
		for j := range b {
			b[j] = byte(r.Uint32())
		}
		for k, at := range scales.offsets {
			x := float32(math.Abs(r.NormFloat64()) / 16)
			if k > 0 {
				x = -x
			}
			if scales.wide {
				binary.LittleEndian.PutUint32(b[at:], math.Float32bits(x))
			} else {
				binary.LittleEndian.PutUint16(b[at:], codec.F32ToF16(x))
			}
		}
		data = append(data, b...)
	}
	return data
}

// bytes returns the bytes of the file.
func (m *oldModel) bytes() []byte {
	b := &builder{}
	magic := map[string]uint32{"ggml": 0x67676d6c, "ggmf": 0x67676d66, "ggjt": 0x67676a74}[m.format]
	b.u32(magic)
	if m.format != "ggml" {
		b.u32(m.version)
	}
	for _, n := range []int{len(m.vocab), m.embd, 32, m.heads, m.layers, m.embd / m.heads} {
		b.u32(uint32(n))
	}
	b.u32(uint32(m.ftype))
	for i, t := range m.vocab {
		b.u32(uint32(len(t))).bytes([]byte(t)...)
		if m.scores {
			b.u32(math.Float32bits(-float32(i)))
		}
	}
	for _, t := range m.tensors {
		if t.rows == 0 {
			b.u32(1)
		} else {
			b.u32(2)
		}
		b.u32(uint32(len(t.name))).u32(uint32(t.code)).u32(uint32(t.cols))
		if t.rows > 0 {
			b.u32(uint32(t.rows))
		}
		b.bytes([]byte(t.name)...)
		if m.format == "ggjt" {
			b.data(32, 0)
		}
		b.bytes(t.data...)
	}
	return b.buf
}

func (m *oldModel) save(t testing.TB) string { return save(t, "old.bin", m.bytes()) }

// split writes the model in n parts, and returns their paths.
func (m *oldModel) split(t testing.TB, n int) (paths []string) {
	dir := t.TempDir()
	for i := range n {
		part := *m
		part.tensors = nil
		for _, x := range m.tensors {
			row := len(x.data) / max(x.rows, 1)
			switch x.name {
			case "tok_embeddings.weight", "layers.0.attention.wo.weight", "layers.0.feed_forward.w2.weight":
				var data []byte
				for r := range x.rows {
					data = append(data, x.data[r*row+i*row/n:r*row+(i+1)*row/n]...)
				}
				x.cols, x.data = x.cols/n, data
			case "norm.weight", "layers.0.attention_norm.weight", "layers.0.ffn_norm.weight":
			default:
				x.rows /= n
				x.data = x.data[i*x.rows*row : (i+1)*x.rows*row]
			}
			part.tensors = append(part.tensors, x)
		}
		path := filepath.Join(dir, "old.bin")
		if i > 0 {
			path += fmt.Sprintf(".%d", i)
		}
		require.NoError(t, os.WriteFile(path, part.bytes(), 0o644))
		paths = append(paths, path)
	}
	return paths
}

// toPlanes rearranges each row of all 4-bit matrices from blocks to planes: first all minima,
// then all scales, then all codes.
func (m *oldModel) toPlanes(minima bool) {
	for i, t := range m.tensors {
		if t.rows == 0 {
			continue
		}
		head := 4
		if minima {
			head = 8
		}
		var data []byte
		row := len(t.data) / t.rows
		for r := range t.rows {
			blocks := t.data[r*row : (r+1)*row]
			take := func(from, n int) {
				for at := 0; at < row; at += head + 16 {
					data = append(data, blocks[at+from:at+from+n]...)
				}
			}
			if minima {
				take(4, 4)
			}
			take(0, 4)
			take(head, 16)
		}
		m.tensors[i].data = data
	}
}
