//go:build !purego

package matmul

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/quant/quanttest"
)

// TestQuantizeActsAVX2 compares quantizeActs with the portable code. Input and
// output end at an unreadable page.
func TestQuantizeActsAVX2(t *testing.T) {
	if !actsAVX2 {
		t.Skip("this CPU has no AVX2")
	}
	r := rand.New(rand.NewPCG(3, 1))
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		1e-45, 1e-38, 0x1p-100, 0x1.fffffep-101, math.MaxFloat32}
	tests := []struct {
		name  string
		value func() float32
	}{
		{"normal", func() float32 { return float32(r.NormFloat64()) }},
		{"ties", func() float32 { return float32(r.IntN(255)-127) / 2 }},
		{"equal", func() float32 { return 127 }},
		{"zeros", func() float32 { return 0 }},
		{"any bits", func() float32 { return math.Float32frombits(r.Uint32()) }},
		{"tiny", func() float32 { return float32(r.NormFloat64()) * 0x1p-101 }},
		{"huge", func() float32 { return float32(r.NormFloat64()) * 1e37 }},
		{"special", func() float32 {
			if r.IntN(40) == 0 {
				return special[r.IntN(len(special))]
			}
			return float32(r.NormFloat64())
		}},
		{"each block has one special number", nil},
	}
	for _, test := range tests {
		for _, typ := range []quant.Type{quant.Q4_0, quant.Q4_K} {
			t.Run(fmt.Sprint(test.name, "/", typ), func(t *testing.T) {
				for blocks := 1; blocks <= 20; blocks++ {
					cols := blocks * typ.BlockLen()
					x := quanttest.AtPageEnd(t, make([]float32, cols))
					for i := range x {
						if test.value != nil {
							x[i] = test.value()
							continue
						}
						x[i] = float32(r.NormFloat64())
						if i%typ.BlockLen() == blocks {
							x[i] = special[i/typ.BlockLen()%len(special)]
						}
					}
					var got, want Acts
					want.Reset(typ, 2, cols)
					got.Reset(typ, 2, cols)
					got.Q = quanttest.AtPageEnd(t, got.Q[:got.Stride+cols])
					got.D, got.DS = quanttest.AtPageEnd(t, got.D), quanttest.AtPageEnd(t, got.DS)
					got.Pairs, got.Sums = quanttest.AtPageEnd(t, got.Pairs), quanttest.AtPageEnd(t, got.Sums)
					quantizeActsGeneric(&want, 1, x)
					quantizeActs(&got, 1, x)
					require.Equal(t, want.Q[:got.Stride+cols], got.Q)
					require.Equal(t, want.Pairs, got.Pairs)
					require.Equal(t, want.Sums, got.Sums)
					quanttest.RequireSame(t, want.D, got.D)
					quanttest.RequireSame(t, want.DS, got.DS)
				}
			})
		}
	}
}

func BenchmarkQuantizeActs(b *testing.B) {
	for _, typ := range []quant.Type{quant.Q4_0, quant.Q4_K} {
		b.Run(typ.String(), func(b *testing.B) {
			const cols = 4096
			x := quanttest.NormalFloats(rand.New(rand.NewPCG(1, 1)), cols)
			var a Acts
			a.Reset(typ, 1, cols)
			b.SetBytes(4 * cols)
			for b.Loop() {
				quantizeActs(&a, 0, x)
			}
		})
	}
}
