//go:build !purego

package quant

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestIntegerKernels checks every kernel of the integer formats against dotRow:
// random blocks and extreme ones, weights that end at an unreadable page.
func TestIntegerKernelsARM64(t *testing.T) {
	for typ, list := range kernelTable {
		if isFloat(typ) {
			continue
		}
		for i := range list {
			k := &list[i]
			t.Run(fmt.Sprint(typ, "/", k.level), func(t *testing.T) {
				if !cpuLevels[k.level] {
					t.Skip("not on this CPU")
				}
				r := rand.New(rand.NewPCG(1, uint64(typ)))
				for _, blocks := range []int{1, 2, k.maxBlocks, k.maxBlocks + 1} {
					for _, tokens := range []int{1, 2, 3, 4, 5, 6, 7, 8, 9} {
						for _, hostile := range []bool{false, true} {
							rows := k.rows + tokens%3
							checkKernelARM64(t, k, typ, rows, blocks*k.blockLen, tokens, hostile, r)
						}
					}
				}
			})
		}
	}
}

func checkKernelARM64(t *testing.T, k *kernel, typ Type, rows, cols, tokens int, hostile bool, r *rand.Rand) {
	t.Helper()
	data := make([]byte, rows*typ.RowBytes(cols))
	for i := range data {
		data[i] = byte(r.Uint32())
		if hostile {
			data[i] = []byte{0, 0xff, 0x80, 0x7f, byte(r.Uint32())}[r.IntN(5)]
		}
	}
	if !hostile {
		for b := 0; b < len(data); b += typ.BlockBytes() {
			for _, at := range scaleOffsets[typ] {
				binary.LittleEndian.PutUint16(data[b+at:], F32ToF16(float32(r.NormFloat64())))
			}
		}
	}
	w, err := NewMatrix(typ, rows, cols, atPageEnd(t, data))
	require.NoError(t, err)
	var a Acts
	a.Reset(typ, tokens, cols)
	x := make([]float32, cols)
	for i := range tokens {
		for j := range x {
			x[j] = float32(r.NormFloat64())
			if hostile {
				x[j] = []float32{-1, 1, 1, 1}[r.IntN(3+i%2)]
			}
		}
		a.Quantize(i, x)
	}
	var s Scratch
	got, want := make([]float32, rows*tokens), make([]float32, rows*tokens)
	w.mulPanels(k, got, rows, &a, 0, rows, &s)
	out := make([]float32, tokens)
	for row := range rows {
		dotRow(typ, out, w.Row(row), &a, &s.row)
		for i, v := range out {
			want[i*rows+row] = v
		}
	}
	for i := range want {
		if g, w := got[i], want[i]; math.Float32bits(g) != math.Float32bits(w) && (g == g || w == w) {
			t.Fatalf("%d × %d, %d tokens, hostile %v: token %d row %d: got %v, want %v", rows, cols, tokens, hostile, i/rows, i%rows, g, w)
		}
	}
}
