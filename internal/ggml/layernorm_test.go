package ggml

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// TestLayerNorm compares the result with the formula in float64, even if the mean is far from 0.
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
			require.Equal(t, got, x, "LayerNorm in place must give the same bits")
		}
	}
}

// TestHeadNorms checks a LayerNorm for each head, and an RMSNorm that all heads share.
func TestHeadNorms(t *testing.T) {
	const rows, heads, size = 5, 3, 16
	p := pool.New(2, nil)
	defer p.Close()
	x, w := noise(1, rows*heads*size), noise(2, heads*size)
	got := slices.Clone(x)
	h := HeadNorm{Eps: 1e-5}
	require.NoError(t, h.Run(p, [3]NormedHeads{{}, {X: got, W: w, Apart: heads}, {}}))
	for i := range rows * heads {
		own := append(slices.Clone(w[i%heads*size:][:size]), make([]float32, size)...)
		want := make([]float32, size)
		LayerNorm(want, x[i*size:(i+1)*size], own, 1e-5)
		require.Equal(t, want, got[i*size:(i+1)*size], "head %d", i)
	}
	got = slices.Clone(x)
	require.NoError(t, h.Run(p, [3]NormedHeads{{X: got, W: w[:size]}, {}, {}}))
	for i := range rows * heads {
		want := make([]float32, size)
		vec.RMSNorm(want, x[i*size:(i+1)*size], w[:size], 1e-5)
		require.Equal(t, want, got[i*size:(i+1)*size], "head %d", i)
	}
}
