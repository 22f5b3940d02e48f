package quant

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/machine"
)

// floatWeights returns rows × cols weights of a float type with a few special
// values.
func floatWeights(r *rand.Rand, t Type, n int) []byte {
	b := make([]byte, n*t.BlockBytes())
	for i := range n {
		v := float32(r.NormFloat64())
		switch r.IntN(500) {
		case 0:
			v = 0
		case 1:
			v = float32(math.Copysign(0, -1))
		case 2:
			v *= 1e-7 // subnormal as a half
		case 3:
			v *= 1e4
		}
		switch t {
		case F32:
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		case F16:
			binary.LittleEndian.PutUint16(b[2*i:], F32ToF16(v))
		case BF16:
			binary.LittleEndian.PutUint16(b[2*i:], F32ToBF16(v))
		}
	}
	return b
}

// TestFloatKernels checks every kernel of the float types against dotRow, over
// shapes around the panel's rows, the tile's tokens, the step and the run.
func TestFloatKernels(t *testing.T) {
	for _, typ := range []Type{F32, F16, BF16} {
		for i := range kernelTable[typ] {
			k := &kernelTable[typ][i]
			t.Run(fmt.Sprint(typ, "/", k.level), func(t *testing.T) {
				if !machine.HasLevel(k.level) {
					t.Skip("not on this CPU")
				}
				r := rand.New(rand.NewPCG(1, uint64(typ)))
				for _, cols := range []int{1, 7, 8, 9, 64, 172, 1024, 1025, 2056} {
					for _, rows := range []int{k.rows, k.rows + 1, 3 * k.rows} {
						for _, tokens := range []int{1, 2, 3, 5, 6, 7, groupTokens + 1} {
							checkKernel(t, k, typ, rows, cols, tokens, r)
						}
					}
				}
			})
		}
	}
}

func checkKernel(t *testing.T, k *kernel, typ Type, rows, cols, tokens int, r *rand.Rand) {
	t.Helper()
	w, err := NewMatrix(typ, rows, cols, atPageEnd(t, floatWeights(r, typ, rows*cols)))
	require.NoError(t, err)
	var a Acts
	a.Reset(typ, tokens, cols)
	x := make([]float32, cols)
	for i := range tokens {
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		a.Quantize(i, x)
	}
	var s Scratch
	got, want := make([]float32, rows*tokens), make([]float32, rows*tokens)
	w.mulKernel(k, got, rows, &a, 0, rows, &s)
	out := make([]float32, tokens)
	for row := range rows {
		dotRow(typ, out, w.Row(row), &a, &s.row)
		for i, v := range out {
			want[i*rows+row] = v
		}
	}
	for i := range want {
		if math.Float32bits(got[i]) != math.Float32bits(want[i]) {
			t.Fatalf("%d × %d, %d tokens: token %d row %d: got %v, want %v", rows, cols, tokens, i/rows, i%rows, got[i], want[i])
		}
	}
}
