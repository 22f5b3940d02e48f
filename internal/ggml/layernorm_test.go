package ggml

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestLayerNorm compares the result with the formula in float64, also where the mean is far from
// 0.
func TestLayerNorm(t *testing.T) {
	for _, n := range []int{1, 2, 3, 7, 64, 257} {
		for _, mean := range []float32{0, 100} {
			x, w := noise(uint64(n), n), noise(uint64(n)+1, 2*n)
			for i := range x {
				x[i] += mean
			}
			sum, squares := 0.0, 0.0
			for _, v := range x {
				sum += float64(v) / float64(n)
			}
			for _, v := range x {
				squares += (float64(v) - sum) * (float64(v) - sum) / float64(n)
			}
			got := make([]float32, n)
			LayerNorm(got, x, w, 1e-5)
			for i, v := range x {
				want := (float64(v)-sum)/math.Sqrt(squares+1e-5)*float64(w[i]) + float64(w[n+i])
				require.InDelta(t, want, got[i], 1e-4, "%d elements around %v", n, mean)
			}
			LayerNorm(x, x, w, 1e-5)
			require.Equal(t, got, x, "in place")
		}
	}
}
