package codec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/quanttest"
)

func TestRoundHalf(t *testing.T) {
	inf, nan := float32(math.Inf(1)), math.Float32frombits(0x7fffffff)
	tests := []struct {
		name    string
		f, want float32
	}{
		{"exact", 1.5, 1.5},
		{"down", 1 + 0x1p-12, 1},
		{"up", 1 + 0x1.8p-11, 1 + 0x1p-10},
		{"a tie to even, down", 1 + 0x1p-11, 1},
		{"a tie to even, up", 1 + 0x1.8p-10, 1 + 0x1p-9},
		{"into the next binade", 2 - 0x1p-13, 2},
		{"negative", -1 - 0x1.8p-11, -1 - 0x1p-10},
		{"above the range of float16", 100001, 100032},
		{"below it", 0x1p-30 + 0x1p-43, 0x1p-30},
		{"to infinity", math.MaxFloat32, inf},
		{"infinity", -inf, -inf},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { require.Equal(t, test.want, RoundHalf(test.f)) })
	}
	require.True(t, math.IsNaN(float64(RoundHalf(nan))))

	// In the range of normal float16 numbers, the result
	// equals that of a conversion to float16 and back.
	r := rand.New(rand.NewPCG(1, 2))
	for range 100000 {
		f := float32(math.Ldexp(r.Float64()*2-1, r.IntN(29)-13))
		if math.Abs(float64(f)) >= 0x1p-14 {
			require.Equal(t, F16ToF32(F32ToF16(f)), RoundHalf(f))
		}
	}
}

// TestRoundKernels compares roundAll with the portable code. Input and output end
// at an unreadable page.
func TestRoundKernels(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 40 {
		for _, drop := range []int{halfDrop, bf16Drop} {
			t.Run(fmt.Sprint(n, " by ", drop), func(t *testing.T) {
				x := quanttest.AtPageEnd(t, make([]float32, n))
				for i := range x {
					x[i] = math.Float32frombits(r.Uint32())
					switch r.IntN(4) {
					case 0:
						x[i] = float32(r.NormFloat64())
					case 1: // a tie
						x[i] = math.Float32frombits(r.Uint32()>>drop<<drop | 1<<(drop-1))
					}
				}
				want, got := make([]float32, n), quanttest.AtPageEnd(t, make([]float32, n))
				roundAllGeneric(want, x, drop)
				roundAll(got, x, drop)
				for i := range want {
					require.True(t, math.Float32bits(want[i]) == math.Float32bits(got[i]) || want[i] != want[i] && got[i] != got[i],
						"%v: got %v, want %v", x[i], got[i], want[i])
				}
			})
		}
	}
}
