package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMean(t *testing.T) {
	require.Equal(t, Estimate{}, mean(nil))
	require.Equal(t, Estimate{Value: 3}, mean([]float64{3}))
	// The deviations are -3, -1, 1 and 3. The sum of their squares is 20, so the variance is 20/4 =
	// 5. The square of the error is the variance divided by n-1 = 3.
	require.Equal(t, Estimate{5, math.Sqrt(5.0 / 3)}, mean([]float64{2, 4, 6, 8}))
}

func TestEstimates(t *testing.T) {
	e := Estimate{math.Log(8), 0.5}.exp()
	require.InDelta(t, 8, e.Value, 1e-12)
	require.InDelta(t, 4, e.Error, 1e-12)
	require.Equal(t, Estimate{}, rootMeanSquare([]float64{0, 0}))
	r := rootMeanSquare([]float64{1, -1, 7, -7}) // squares 1 1 49 49: mean 25, error √(576/3)
	require.InDelta(t, 5, r.Value, 1e-12)
	require.InDelta(t, math.Sqrt(192)/10, r.Error, 1e-12)
	require.Equal(t, Estimate{0.25, math.Sqrt(0.25 * 0.75 / 3)}, share(1, 4))
	require.Equal(t, Estimate{}, share(0, 0))
	require.Equal(t, Estimate{Value: 1}, share(1, 1))
	// Fully correlated errors cancel each other. The squares of uncorrelated errors add up.
	require.Equal(t, Estimate{2, 0}, difference(Estimate{5, 1}, Estimate{3, 1}, 1))
	require.Equal(t, Estimate{2, 5}, difference(Estimate{5, 3}, Estimate{3, 4}, 0))
}

func TestExp(t *testing.T) {
	require.Equal(t, 1.0, exp(0))
	require.InEpsilon(t, math.E, exp(1), 1e-15)
	require.Equal(t, math.Inf(1), exp(800))
	require.Equal(t, math.Inf(1), exp(math.Inf(1)))
	require.Less(t, exp(math.Inf(-1)), 1e-300)
	require.True(t, math.IsNaN(exp(math.NaN())))
}

func TestCorrelation(t *testing.T) {
	require.InDelta(t, 1, correlation([]float64{1, 2, 3}, []float64{10, 20, 30}), 1e-15)
	require.InDelta(t, -1, correlation([]float64{1, 2, 3}, []float64{3, 2, 1}), 1e-15)
	require.InDelta(t, 0, correlation([]float64{1, 2, 3}, []float64{1, 0, 1}), 1e-15)
	require.Equal(t, 0.0, correlation([]float64{1, 1}, []float64{1, 2}))
}

func TestQuantile(t *testing.T) {
	xs := []float64{0, 10, 20, 30, 40}
	for q, want := range map[float64]float64{0: 0, 0.25: 10, 0.5: 20, 0.6: 24, 1: 40} {
		require.InDelta(t, want, quantile(xs, q), 1e-12, "%v", q)
	}
	require.Equal(t, 7.0, quantile([]float64{7}, 0.5))
	require.Equal(t, 0.0, quantile(nil, 0.5))
}

// TestQuantileError compares the error with the spread of the quantiles of many samples.
func TestQuantileError(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, q := range []float64{0.5, 0.9, 0.99} {
		var values, errors []float64
		for range 200 {
			xs := make([]float64, 1000)
			for i := range xs {
				xs[i] = r.ExpFloat64()
			}
			e := quantileEstimate(sortedCopy(xs), q)
			values, errors = append(values, e.Value), append(errors, e.Error)
		}
		scatter := mean(values).Error * math.Sqrt(200)
		require.InEpsilon(t, scatter, mean(errors).Value, 0.25, "q %v", q)
	}
}
