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

// TestQuantizeActsARM64 compares quantizeActs with the portable code, for values
// of every size, ties and special numbers.
func TestQuantizeActsARM64(t *testing.T) {
	var r *rand.Rand
	special := []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN()),
		1e-45, 1e-38, 0x1p-100, 0x1.fffffep-101, math.MaxFloat32, 127, 0.5, 1.5, 2.5, -63.5}
	fill := map[string]func() float32{
		"normal":  func() float32 { return float32(r.NormFloat64()) },
		"ties":    func() float32 { return float32(r.IntN(255)-127) / 2 },
		"zeros":   func() float32 { return 0 },
		"bits":    func() float32 { return math.Float32frombits(r.Uint32()) },
		"tiny":    func() float32 { return float32(r.NormFloat64()) * 0x1p-101 },
		"huge":    func() float32 { return float32(r.NormFloat64()) * 1e37 },
		"special": func() float32 { return special[r.IntN(len(special))] },
	}
	for name, value := range fill {
		for _, typ := range []quant.Type{quant.Q4_0, quant.Q4_K} {
			t.Run(fmt.Sprint(name, "/", typ), func(t *testing.T) {
				r = rand.New(rand.NewPCG(3, uint64(typ))) // one generator for each type, because the order of a map is random
				const cols = 256 * 20
				var got, want Acts
				got.Reset(typ, 2, cols)
				want.Reset(typ, 2, cols)
				x := quanttest.AtPageEnd(t, make([]float32, cols))
				for row := range 2 {
					one := value()
					for i := range x {
						x[i] = value()
						if i%512 < 256 && name == "special" { // blocks with a single special number
							x[i] = float32(r.NormFloat64())
							if i%32 == 7 {
								x[i] = one
							}
						}
					}
					quantizeActs(&got, row, x)
					quantizeActsGeneric(&want, row, x)
				}
				require.Equal(t, want.Q, got.Q)
				require.Equal(t, want.Sums, got.Sums)
				require.Equal(t, want.Pairs, got.Pairs)
				quanttest.RequireSame(t, want.D, got.D)
				quanttest.RequireSame(t, want.DS, got.DS)
			})
		}
	}
}
