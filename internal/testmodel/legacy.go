package testmodel

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/arch"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
)

// Legacy is a kind of file from 2023: a container and the type of its matrices.
type Legacy struct {
	Format  string // ggml, ggmf or ggjt
	Version uint32 // 0 for ggml, which has no versions
	FType   int32
	Code    int32 // code of Type in that container
	Type    quant.Type
}

// String returns the kind's name, as in names of files: "ggjt1-q4_2".
func (l Legacy) String() string {
	typ, _, _ := strings.Cut(strings.ToLower(l.Type.String()), "v")
	return strings.TrimSuffix(fmt.Sprint(l.Format, l.Version), "0") + "-" + typ
}

// Legacies are all kinds of files that the programs of 2023 wrote.
var Legacies = []Legacy{
	{"ggml", 0, 1, 1, quant.F16}, {"ggml", 0, 2, 2, quant.Q4_0v1}, {"ggml", 0, 3, 3, quant.Q4_1v1},
	{"ggmf", 1, 1, 1, quant.F16}, {"ggmf", 1, 2, 2, quant.Q4_0v1}, {"ggmf", 1, 3, 3, quant.Q4_1v1},
	{"ggjt", 1, 1, 1, quant.F16}, {"ggjt", 1, 2, 2, quant.Q4_0v1}, {"ggjt", 1, 3, 3, quant.Q4_1v1},
	{"ggjt", 1, 5, 4, quant.Q4_2}, {"ggjt", 1, 6, 5, quant.Q4_3}, {"ggjt", 1, 8, 6, quant.Q5_0v1}, {"ggjt", 1, 9, 7, quant.Q5_1v1}, {"ggjt", 1, 7, 8, quant.Q8_0v1},
	{"ggjt", 2, 1, 1, quant.F16}, {"ggjt", 2, 2, 2, quant.Q4_0v2}, {"ggjt", 2, 3, 3, quant.Q4_1v2}, {"ggjt", 2, 8, 6, quant.Q5_0}, {"ggjt", 2, 9, 7, quant.Q5_1}, {"ggjt", 2, 7, 8, quant.Q8_0v1},
	{"ggjt", 3, 1, 1, quant.F16}, {"ggjt", 3, 2, 2, quant.Q4_0}, {"ggjt", 3, 3, 3, quant.Q4_1}, {"ggjt", 3, 8, 6, quant.Q5_0}, {"ggjt", 3, 9, 7, quant.Q5_1}, {"ggjt", 3, 7, 8, quant.Q8_0},
}

// legacyBlock has the offsets of scales and minima in a block of a
// type. Scales and minima are float32 if wide is set, and float16
// otherwise. levels is the standard deviation of the block's integers.
type legacyBlock struct {
	wide   bool
	scales []int
	minima []int
	levels float64
}

var legacyBlocks = map[quant.Type]legacyBlock{
	quant.F16:    {false, []int{0}, nil, 1},
	quant.Q4_0v1: {true, []int{0}, nil, 4.6}, quant.Q4_1v1: {true, []int{0}, []int{4}, 4.6},
	quant.Q4_0v2: {true, []int{0}, nil, 4.6}, quant.Q4_1v2: {true, []int{0}, []int{4}, 4.6},
	quant.Q4_2: {false, []int{0, 10}, nil, 4.6}, quant.Q4_3: {false, []int{0, 12}, []int{2, 14}, 4.6},
	quant.Q5_0v1: {false, []int{0}, nil, 9.2}, quant.Q5_1v1: {false, []int{0}, []int{2}, 9.2},
	quant.Q5_0: {false, []int{0}, nil, 9.2}, quant.Q5_1: {false, []int{0}, []int{2}, 9.2},
	quant.Q8_0v1: {true, []int{0}, nil, 74}, quant.Q8_0: {false, []int{0}, nil, 74},
	quant.Q4_0: {false, []int{0}, nil, 4.6}, quant.Q4_1: {false, []int{0}, []int{2}, 4.6},
}

// Write writes a LLaMA with random weights as a file of 2023, and returns the file's path. The
// model has the shape and vocabulary of the models that SPM makes, except that it has as many
// key heads as query heads.
func (l Legacy) Write(t testing.TB, seed uint64) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), l.String()+".bin")
	require.NoError(t, os.WriteFile(path, l.bytes(seed), 0o644))
	return path
}

func (l Legacy) bytes(seed uint64) []byte {
	le := binary.LittleEndian
	vocab := &Model{KV: spmVocab()}
	texts, _ := vocab.value("tokenizer.ggml.tokens").Strings()
	scores, _ := vocab.value("tokenizer.ggml.scores").Floats()
	sizes := arch.Sizes{VocabSize: len(texts), Dim: Dim, FFNDim: FFNDim, NumHeads: Heads, NumKVHeads: Heads, KeyDim: HeadDim, ValueDim: HeadDim}

	b := le.AppendUint32(nil, map[string]uint32{"ggml": 0x67676d6c, "ggmf": 0x67676d66, "ggjt": 0x67676a74}[l.Format])
	if l.Format != "ggml" {
		b = le.AppendUint32(b, l.Version)
	}
	for _, n := range []int{len(texts), Dim, 32, Heads, Layers, HeadDim, int(l.FType)} {
		b = le.AppendUint32(b, uint32(n))
	}
	for i, text := range texts {
		switch {
		case i == 0:
			text = " \u2047 "
		case i < 3:
			text = ""
		case i < 3+256:
			text = string([]byte{byte(i - 3)})
		default:
			text = strings.ReplaceAll(text, "\u2581", " ")
		}
		b = append(le.AppendUint32(b, uint32(len(text))), text...)
		if l.Format != "ggml" {
			b = le.AppendUint32(b, math.Float32bits(scores[i]))
		}
	}
	rng := rand.New(rand.NewPCG(seed, 0))
	for name, t := range arch.Llama.Tensors(Layers, false) {
		if t.Meta == "" {
			continue
		}
		old := t.Meta + ".weight"
		if n := 0; strings.HasPrefix(name, "blk.") {
			fmt.Sscanf(name, "blk.%d.", &n)
			old = fmt.Sprintf("layers.%d.%s", n, old)
		}
		b = l.tensor(b, rng, old, t.Shape(&sizes))
	}
	return b
}

// tensor appends a tensor's record to b.
func (l Legacy) tensor(b []byte, rng *rand.Rand, name string, shape []int) []byte {
	le := binary.LittleEndian
	code := l.Code
	if len(shape) == 1 {
		code = 0
	}
	for _, n := range []int{len(shape), len(name), int(code)} {
		b = le.AppendUint32(b, uint32(n))
	}
	elems := 1
	for i := range shape { // the innermost dimension comes first in the file
		n := shape[len(shape)-1-i]
		b = le.AppendUint32(b, uint32(n))
		elems *= n
	}
	b = append(b, name...)
	for l.Format == "ggjt" && len(b)%32 != 0 {
		b = append(b, 0)
	}
	if len(shape) == 1 {
		for range elems {
			b = le.AppendUint32(b, math.Float32bits(0.75+0.5*rng.Float32()))
		}
		return b
	}
	// The matrices of SPM's models have this standard deviation,
	// too. It makes products about as large as their inputs.
	return l.blocks(b, rng, elems, 4/math.Sqrt(12*float64(shape[1])))
}

// blocks appends n weights with the given standard deviation to b.
func (l Legacy) blocks(b []byte, rng *rand.Rand, n int, deviation float64) []byte {
	layout := legacyBlocks[l.Type]
	for range n / l.Type.BlockLen() {
		block := make([]byte, l.Type.BlockBytes())
		for i := range block {
			block[i] = byte(rng.Uint32())
		}
		put := func(at int, x float64) {
			if layout.wide {
				binary.LittleEndian.PutUint32(block[at:], math.Float32bits(float32(x)))
			} else {
				binary.LittleEndian.PutUint16(block[at:], codec.F32ToF16(float32(x)))
			}
		}
		for i, at := range layout.scales {
			scale := deviation / layout.levels * (0.5 + rng.Float64())
			if l.Type == quant.F16 {
				scale = deviation * 2 * math.Sqrt(3) * (rng.Float64() - 0.5)
			}
			put(at, scale)
			if layout.minima != nil {
				put(layout.minima[i], -1.63*scale*layout.levels)
			}
		}
		b = append(b, block...)
	}
	return b
}
