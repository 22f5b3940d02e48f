package ggml

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

func TestActivations(t *testing.T) {
	x := []float32{-40, -9, -3, -1, -0.1, 0, 1e-3, 0.5, 2, 7, 60}
	for i := range 700 { // more values than a chunk has
		x = append(x, float32(i)/100-3.5)
	}
	up := noise(1, len(x))
	for act, want := range map[Activation]func(x float64) float64{
		SiLU: func(x float64) float64 { return x / (1 + math.Exp(-x)) },
		GELU: func(x float64) float64 {
			return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
		},
	} {
		got := append([]float32(nil), x...)
		act.Mul(got, up)
		for i := range x {
			require.InDelta(t, want(float64(x[i]))*float64(up[i]), got[i], 2e-6*math.Abs(float64(up[i])*max(1, math.Abs(float64(x[i])))), "%v of %v", act, x[i])
		}
	}
	gate := append([]float32(nil), x...)
	SiLU.Mul(gate, up)
	for i := range x {
		require.Equal(t, float32(x[i]/(1+fmath.Exp32(-x[i])))*up[i], gate[i])
	}
}

func TestCap(t *testing.T) {
	p := pool.New(3, nil)
	defer p.Close()
	var c Cap
	x := noise(2, 5000)
	for i := range x {
		x[i] *= 20
	}
	x[0], x[1], x[2] = 1e30, -1e30, 0
	got := append([]float32(nil), x...)
	require.NoError(t, c.Run(p, got, 30))
	for i := range x {
		require.InDelta(t, 30*math.Tanh(float64(x[i])/30), got[i], 1e-5, "of %v", x[i])
	}
}

// TestAddBranch compares AddBranch with a row-by-row computation, for several numbers of workers.
func TestAddBranch(t *testing.T) {
	const rows, n = 9, 96
	h, x, w, weights := noise(1, rows*n), noise(2, rows*n), noise(3, n), noise(4, rows)
	want := append([]float32(nil), h...)
	for i := range rows {
		y := make([]float32, n)
		vec.RMSNorm(y, x[i*n:(i+1)*n], w, 1e-5)
		for j := range y {
			y[j] = float32(y[j]*weights[i]) * 0.25
		}
		vec.Add(want[i*n:(i+1)*n], y)
	}
	for _, threads := range []int{1, 4} {
		p := pool.New(threads, nil)
		got, a := append([]float32(nil), h...), AddBranch{}
		require.NoError(t, a.Run(p, got, append([]float32(nil), x...), n, Branch{Norm: w, Eps: 1e-5, Weights: weights, Scale: 0.25}))
		require.Equal(t, want, got)
		p.Close()
	}
}
