package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/machine"
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
	"alpaca/internal/quant/quanttest"
)

// TestRequiredKernels fails if this machine cannot run the kernels in ALPACA_REQUIRE_KERNELS, such
// as avx2,avx512vnni. Otherwise the tests of these kernels would be skipped without notice.
func TestRequiredKernels(t *testing.T) {
	want := os.Getenv("ALPACA_REQUIRE_KERNELS")
	if want == "" {
		t.Skip("ALPACA_REQUIRE_KERNELS is not set")
	}
	for level := range strings.SplitSeq(want, ",") {
		require.Contains(t, machine.Levels(), level)
		require.True(t, slices.ContainsFunc(kernelTable[quant.Q4_0], func(k kernel.Kernel) bool { return k.Level == level }),
			"no kernel of level %s", level)
	}
}

// A product is a matrix, activations and their product, computed by dotRow.
type product struct {
	w    Matrix
	a    Acts
	want []float32 // [tokens, rows]
}

// shape is the size of a matrix product and the kind of its data.
type shape struct {
	rows, blocks, tokens int // blocks is the number of columns divided by the block length
	fill                 fill
}

// fill is a kind of weights and activations.
type fill string

const (
	ordinary fill = "ordinary" // weights and activations as in a model
	extreme  fill = "extreme"  // integers at the ends of their ranges
	hostile  fill = "hostile"  // random bytes, with infinite and NaN scales and activations
)

func (s shape) String() string {
	return fmt.Sprintf("%d rows, %d blocks, %d tokens, %s", s.rows, s.blocks, s.tokens, s.fill)
}

// integerShapes returns sizes just below and above those that kernels
// process at once: 8, 16 and 32 rows; 4, 16 and 32 blocks; 4 and 8 tokens.
func integerShapes() []shape {
	var shapes []shape
	for tokens := 1; tokens <= 17; tokens++ {
		f := []fill{ordinary, extreme, hostile}[tokens%3]
		shapes = append(shapes, shape{32 + tokens%2, 1 + tokens%3, tokens, f})
	}
	for i, blocks := range []int{4, 5, 15, 16, 17, 31, 32, 33, 70} {
		f := []fill{ordinary, extreme, hostile}[i%3]
		shapes = append(shapes, shape{32, blocks, 1 + i%2*4, f})
	}
	for i, rows := range []int{32, 33, 34, 35, 47, 64} {
		shapes = append(shapes, shape{rows, 4 << (i % 3), 1, []fill{extreme, hostile}[i%2]})
	}
	for i, blocks := range []int{6, 18, 22, 90} { // two blocks more than a multiple of four
		shapes = append(shapes, shape{33 + i, blocks, 1, []fill{extreme, hostile}[i%2]})
	}
	for i, tokens := range []int{3, 6, 9, 15, 27} { // here a row has more blocks than in the first loop
		shapes = append(shapes, shape{33, 4 + i%2, tokens, []fill{extreme, hostile}[i%2]})
	}
	return append(shapes, shape{71, 3, 5, ordinary}, shape{64, 2, 5, extreme}, shape{50, 1, groupTokens + 3, ordinary})
}

// TestIntegerKernels compares every kernel of the integer formats with dotRow. Everything that a
// kernel reads, and its scratch memory, ends at an unreadable page.
func TestIntegerKernels(t *testing.T) {
	all := t // the subtests of all kernels use the same products
	for typ := range quant.Type(2000) {
		if len(kernelTable[typ]) == 0 || typ.BlockLen() == 1 {
			continue
		}
		products := map[shape]*product{}
		for i := range kernelTable[typ] {
			k := &kernelTable[typ][i]
			t.Run(fmt.Sprint(typ, "/", k.Level), func(t *testing.T) {
				if !machine.HasLevel(k.Level) {
					t.Skip("this CPU cannot run the kernel")
				}
				for _, s := range integerShapes() {
					if k.BlockLen == 256 {
						s.blocks = (s.blocks + 6) / 7
					}
					if products[s] == nil {
						products[s] = newProduct(all, typ, s)
					}
					products[s].check(t, k, s)
				}
			})
		}
	}
}

// TestNarrowMatrices compares products with few rows, down to a single row, with dotRow.
func TestNarrowMatrices(t *testing.T) {
	for typ := range kernelTable {
		r := rand.New(rand.NewPCG(3, uint64(typ))) // one generator for each type, because the order of a map is random
		cols := 4*typ.BlockLen() + 32
		if typ.BlockLen() > 1 {
			cols = 4 * typ.BlockLen()
		}
		for rows := 1; rows <= 33; rows += 1 + rows/10 {
			w, err := NewMatrix(typ, rows, cols, randomRow(r, typ, rows*cols))
			require.NoError(t, err)
			for _, tokens := range []int{1, 3} {
				var a Acts
				a.Reset(typ, tokens, cols)
				for i := range tokens {
					a.Quantize(i, quanttest.NormalFloats(r, cols))
				}
				want, got := make([]float32, tokens*rows), make([]float32, tokens*rows)
				out := make([]float32, tokens)
				var row rowScratch
				for i := range rows {
					dotRow(typ, out, w.Row(i), &a, &row)
					for j, v := range out {
						want[j*rows+i] = v
					}
				}
				var scratch Scratch
				for lo := 0; lo < rows; lo += 16 {
					w.MulRows(got, rows, &a, lo, min(lo+16, rows), &scratch)
				}
				for i := range want {
					quanttest.RequireSameFloat(t, want[i], got[i], "%v: %d rows, %d tokens, result %d", typ, rows, tokens, i)
				}
			}
		}
	}
}

func newProduct(t *testing.T, typ quant.Type, s shape) *product {
	r := rand.New(rand.NewPCG(uint64(typ), uint64(s.rows*100+s.tokens)))
	cols := s.blocks * typ.BlockLen()
	data := randomRow(r, typ, s.rows*cols)
	switch s.fill {
	case extreme:
		scales := slices.Clone(data)
		for i := range data {
			data[i] = []byte{0, 0xff, 0x80, 0x7f, 0xf0, 0x0f}[r.IntN(6)]
		}
		if r.IntN(2) == 0 { // all weights are equal
			fillBytes(data, data[0])
		}
		for b := 0; b < len(data); b += typ.BlockBytes() {
			for _, at := range quanttest.ScaleOffsets[typ.String()] {
				copy(data[b+at:b+at+2], scales[b+at:])
			}
			for _, at := range quanttest.WideScaleOffsets[typ.String()] {
				copy(data[b+at:b+at+4], scales[b+at:])
			}
		}
	case hostile:
		for i := range data {
			data[i] = byte(r.Uint32())
		}
	}
	p := &product{}
	var err error
	p.w, err = NewMatrix(typ, s.rows, cols, quanttest.AtPageEnd(t, data))
	require.NoError(t, err)

	p.a.Reset(typ, s.tokens, cols)
	for i := range s.tokens {
		x := quanttest.NormalFloats(r, cols)
		for j := range x {
			switch {
			case s.fill == extreme:
				x[j] = float32(math.Copysign(1, float64(x[j])))
				if i%2 == 0 {
					x[j] = float32(1 - i&2)
				}
			case s.fill == hostile && r.IntN(2000) == 0:
				x[j] = []float32{float32(math.NaN()), float32(math.Inf(1)), 1e-40, 3e38}[r.IntN(4)]
			}
		}
		p.a.Quantize(i, x)
	}
	p.a.Q = quanttest.AtPageEnd(t, p.a.Q[:(s.tokens-1)*p.a.Stride+cols])
	p.a.D = quanttest.AtPageEnd(t, p.a.D)
	p.a.Pairs = quanttest.AtPageEnd(t, p.a.Pairs)
	p.a.DS = quanttest.AtPageEnd(t, p.a.DS)
	p.a.Sums = quanttest.AtPageEnd(t, p.a.Sums)

	p.want = make([]float32, s.rows*s.tokens)
	out := make([]float32, s.tokens)
	var scratch rowScratch
	for row := range s.rows {
		dotRow(typ, out, p.w.Row(row), &p.a, &scratch)
		for i, v := range out {
			p.want[i*s.rows+row] = v
		}
	}
	return p
}

func fillBytes(b []byte, v byte) {
	for i := range b {
		b[i] = v
	}
}

// check multiplies with kernel k in three ways: as mulKernel
// chooses, with panels, and, if k can do that, without panels.
func (p *product) check(t *testing.T, k *kernel.Kernel, s shape) {
	t.Helper()
	packing, direct := *k, *k
	packing.Direct, packing.Row, packing.Quad, packing.DirectTokens = nil, nil, nil, 0
	direct.Row, direct.Quad, direct.DirectTokens = nil, nil, s.tokens
	p.checkOne(t, k, s)
	p.checkOne(t, &packing, s)
	if k.Quad != nil && s.tokens == 1 {
		row := *k
		row.Quad = nil
		p.checkOne(t, &row, s)
	}
	if k.Direct != nil {
		p.checkOne(t, &direct, s)
	}
}

// checkOne multiplies with kernel k. The output has columns of
// sentinels on both sides, which the kernel must not change.
func (p *product) checkOne(t *testing.T, k *kernel.Kernel, s shape) {
	t.Helper()
	const side, sentinel = 3, 12345
	stride := s.rows + 2*side
	got := make([]float32, s.tokens*stride)
	for i := range got {
		got[i] = sentinel
	}
	panels := min(groupPanels, (s.rows+k.Rows-1)/k.Rows)
	panelBytes := panels * min(k.MaxBlocks, p.w.Cols/k.BlockLen) * k.PanelBytes
	if k.DirectFor(s.tokens) != nil {
		panels, panelBytes = 1, max(k.PanelBytes, k.DirectBytes+4*p.a.Rows*p.a.Blocks)
	}
	scratch := Scratch{
		panel: quanttest.AtPageEnd(t, make([]byte, panelBytes)),
		acc:   quanttest.AtPageEnd(t, make([]float32, panels*s.tokens*k.Rows*k.Lanes)),
	}
	p.w.mulKernel(k, results{got[side:], stride, 0, s.rows}, &p.a, &scratch)
	for i, g := range got {
		row, token := i%stride-side, i/stride
		want := float32(sentinel)
		if row >= 0 && row < s.rows {
			want = p.want[token*s.rows+row]
		}
		if math.Float32bits(g) != math.Float32bits(want) && (g == g || want == want) {
			t.Fatalf("%v: token %d row %d: got %v, want %v", s, token, row, g, want)
		}
	}
}
