package fit

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/codebook"
)

func TestRoundByte(t *testing.T) {
	// Multiples of 1/4, which include all ties, and their neighbours.
	for n := -600; n < 600; n++ {
		f := float32(n) / 4
		for _, v := range []float32{f, math.Nextafter32(f, 1000), math.Nextafter32(f, -1000)} {
			require.Equal(t, uint8(int32(math.Round(float64(v)))), RoundByte(v), v)
			require.Equal(t, uint8(int32(math.Trunc(float64(v)))), truncByte(v), v)
			require.Equal(t, int32(math.RoundToEven(float64(v))), Nearest(v), v)
		}
	}
	for _, v := range []float32{1e10, -1e10, float32(math.Inf(1)), float32(math.NaN()), 0x1p31} {
		require.Zero(t, truncByte(v), v)
		require.Zero(t, RoundByte(v), v)
	}
}

func TestIQ4Code(t *testing.T) {
	for i := range 60000 {
		f := float32(i)/200 - 150
		best, want := math.Inf(1), 0
		for code, v := range codebook.IQ4 {
			if d := math.Abs(float64(f) - float64(v)); d <= best { // if two values are equally near, the higher one is used
				best, want = d, code
			}
		}
		require.Equal(t, uint8(want), iq4Code(f), f)
	}
}
