package matmul

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/quanttest"
)

// TestLegacyDot compares the dot product of each old format with a dot product in float64 of the
// decoded weights and the quantized activations. They may differ only by rounding.
func TestLegacyDot(t *testing.T) {
	const tokens, cols = 3, 512
	for typ := range quant.Type(2000) {
		if !quant.IsLegacy(typ) || !quant.CanCompute(typ) {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(2, uint64(typ)))
			row := randomRow(r, typ, cols)
			w := make([]float32, cols)
			quant.Decode(typ, w, row)
			var a Acts
			a.Reset(typ, tokens, cols)
			for i := range tokens {
				a.Quantize(i, quanttest.NormalFloats(r, cols))
			}
			got := make([]float32, tokens)
			dotRow(typ, got, row, &a, new(rowScratch))
			requireProducts(t, got, row, w, &a, typ)
		})
	}
}

// split returns nibble e of 32 nibbles. Byte j of b holds nibbles j and j+16.
func split(b []byte, e int) int { return int(b[e%16] >> (e / 16 * 4) & 15) }

// TestLegacySame multiplies the same weights in an old layout and in the current one. The products
// must be equal bit for bit, so that a file that was converted without loss gives the same answers.
func TestLegacySame(t *testing.T) {
	const cols = 256
	tests := []struct {
		old, now           quant.Type
		oldHead, nowHead   int // the number of bytes before the nibbles
		oldScale, nowScale []int
		wide               bool
	}{
		{quant.Q4_0v1, quant.Q4_0, 4, 2, []int{0}, []int{0}, true},
		{quant.Q4_0v2, quant.Q4_0, 4, 2, []int{0}, []int{0}, true},
		{quant.Q4_1v1, quant.Q4_1, 8, 4, []int{0, 4}, []int{0, 2}, true},
		{quant.Q4_1v2, quant.Q4_1, 8, 4, []int{0, 4}, []int{0, 2}, true},
		{quant.Q5_0v1, quant.Q5_0, 6, 6, []int{0}, []int{0}, false},
		{quant.Q5_1v1, quant.Q5_1, 8, 8, []int{0, 2}, []int{0, 2}, false},
		{quant.Q8_0v1, quant.Q8_0, 4, 2, []int{0}, []int{0}, true},
	}
	for _, test := range tests {
		t.Run(test.old.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, uint64(test.old)))
			var old, now []byte
			for range cols / 32 {
				n := make([]byte, test.now.BlockBytes())
				for j := range n {
					n[j] = byte(r.Uint32())
				}
				o := make([]byte, test.old.BlockBytes())
				if test.old == quant.Q5_0v1 || test.old == quant.Q5_1v1 {
					copy(o, n[:test.nowHead]) // Qh
				}
				for k := range test.nowScale {
					scale := codec.F16ToF32(codec.F32ToF16(float32(r.NormFloat64()) / 16)) // exact in both types
					codec.PutF16(n[test.nowScale[k]:], scale)
					if test.wide {
						binary.LittleEndian.PutUint32(o[test.oldScale[k]:], math.Float32bits(scale))
					} else {
						codec.PutF16(o[test.oldScale[k]:], scale)
					}
				}
				qo, qn := o[test.oldHead:], n[test.nowHead:]
				switch test.old {
				case quant.Q4_0v2, quant.Q4_1v2, quant.Q8_0v1:
					copy(qo, qn)
				default:
					for e := range 32 {
						qo[e/2] |= byte(split(qn, e)) << (e % 2 * 4)
					}
				}
				old, now = append(old, o...), append(now, n...)
			}
			var a Acts
			a.Reset(test.old, 2, cols)
			for i := range 2 {
				a.Quantize(i, quanttest.NormalFloats(r, cols))
			}
			require.True(t, a.Fits(test.now))
			got, want := make([]float32, 2), make([]float32, 2)
			dotRow(test.old, got, old, &a, new(rowScratch))
			dotRow(test.now, want, now, &a, new(rowScratch))
			require.Equal(t, want, got)
		})
	}
}
