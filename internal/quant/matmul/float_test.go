package matmul

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/machine"
	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/kernel"
	"alpaca/internal/quant/quanttest"
)

// floatWeights returns n weights of a float type, among them a few special values.
func floatWeights(r *rand.Rand, t quant.Type, n int) []byte {
	b := make([]byte, n*t.BlockBytes())
	for i := range n {
		v := float32(r.NormFloat64())
		switch r.IntN(500) {
		case 0:
			v = 0
		case 1:
			v = float32(math.Copysign(0, -1))
		case 2:
			v *= 1e-7 // subnormal as a float16
		case 3:
			v *= 1e4
		}
		switch t {
		case quant.F32:
			binary.LittleEndian.PutUint32(b[4*i:], math.Float32bits(v))
		case quant.F16:
			binary.LittleEndian.PutUint16(b[2*i:], codec.F32ToF16(v))
		case quant.BF16:
			binary.LittleEndian.PutUint16(b[2*i:], codec.F32ToBF16(v))
		}
	}
	return b
}

// TestFloatKernels compares every kernel of the float types with dotRow. The sizes are
// just below and above those that matter to the kernels: the rows of a panel, the tokens
// that are multiplied at once, the columns of a step, and the columns that one call packs.
func TestFloatKernels(t *testing.T) {
	for _, typ := range []quant.Type{quant.F32, quant.F16, quant.BF16} {
		for i := range kernelTable[typ] {
			k := &kernelTable[typ][i]
			t.Run(fmt.Sprint(typ, "/", k.Level), func(t *testing.T) {
				if !machine.HasLevel(k.Level) {
					t.Skip("this CPU cannot run the kernel")
				}
				r := rand.New(rand.NewPCG(1, uint64(typ)))
				for _, cols := range []int{1, 7, 8, 9, 64, 172, 1024, 1025, 2056} {
					for _, rows := range []int{k.Rows, k.Rows + 1, 3 * k.Rows} {
						for _, tokens := range []int{1, 2, 3, 5, 6, 7, groupTokens + 1} {
							checkKernel(t, k, typ, [3]int{rows, cols, tokens}, r)
						}
					}
				}
			})
		}
	}
}

func checkKernel(t *testing.T, k *kernel.Kernel, typ quant.Type, size [3]int, r *rand.Rand) {
	t.Helper()
	rows, cols, tokens := size[0], size[1], size[2]
	w, err := NewMatrix(typ, rows, cols, quanttest.AtPageEnd(t, floatWeights(r, typ, rows*cols)))
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
	w.mulKernel(k, results{got, rows, 0, rows}, &a, &s)
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
