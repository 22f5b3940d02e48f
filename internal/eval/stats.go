package eval

import (
	"encoding/json"
	"math"
	"slices"

	"alpaca/internal/fmath"
	"alpaca/internal/report"
)

// Estimate is a value with its standard error.
type Estimate struct{ Value, Error float64 }

// MarshalJSON implements json.Marshaler.
func (e Estimate) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Value report.Number `json:"value"`
		Error report.Number `json:"error"`
	}{report.Number(e.Value), report.Number(e.Error)})
}

// mean estimates the mean of the distribution of the samples xs. As in llama.cpp, the error holds
// for independent samples. With fewer than two samples, it is 0.
func mean(xs []float64) Estimate {
	if len(xs) == 0 {
		return Estimate{}
	}
	n := float64(len(xs))
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	m := sum / n
	if len(xs) < 2 {
		return Estimate{Value: m}
	}
	squares := 0.0
	for _, x := range xs {
		d := x - m
		squares += float64(d * d)
	}
	return Estimate{m, math.Sqrt(squares / n / (n - 1))}
}

// exp returns e^e.Value, with the propagated error.
func (e Estimate) exp() Estimate {
	v := exp(e.Value)
	return Estimate{v, v * e.Error}
}

// exp returns e^x, the same on every machine.
func exp(x float64) float64 {
	if !(x < 700) { // x is too large, or NaN
		return x * math.Inf(1)
	}
	return fmath.ExpSeries(max(x, -700))
}

// rootMeanSquare estimates the root mean square of xs.
func rootMeanSquare(xs []float64) Estimate {
	squares := make([]float64, len(xs))
	for i, x := range xs {
		squares[i] = float64(x * x)
	}
	m := mean(squares)
	root := math.Sqrt(m.Value)
	if root == 0 {
		return Estimate{}
	}
	return Estimate{root, m.Error / (2 * root)}
}

// share estimates a probability from the number of successes in n trials.
func share(count, n int) Estimate {
	if n == 0 {
		return Estimate{}
	}
	p := float64(count) / float64(n)
	if n < 2 {
		return Estimate{Value: p}
	}
	return Estimate{p, math.Sqrt(p * (1 - p) / float64(n-1))}
}

// correlation returns Pearson's correlation coefficient of xs and ys, or 0 if either is
// constant.
func correlation(xs, ys []float64) float64 {
	mx, my := mean(xs).Value, mean(ys).Value
	var xx, yy, xy float64
	for i := range xs {
		dx, dy := xs[i]-mx, ys[i]-my
		xx += float64(dx * dx)
		yy += float64(dy * dy)
		xy += float64(dx * dy)
	}
	if xx == 0 || yy == 0 {
		return 0
	}
	return xy / (math.Sqrt(xx) * math.Sqrt(yy))
}

// quantile returns the q-quantile of sorted, by linear interpolation.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	at := float64(q * float64(len(sorted)-1))
	i := min(max(int(at), 0), len(sorted)-1)
	next := min(i+1, len(sorted)-1)
	f := at - float64(i)
	return float64((1-f)*sorted[i]) + float64(f*sorted[next])
}

// quantileEstimate is quantile with a standard error that is valid for every distribution.
// The number of samples below the quantile is binomial. The error is half the distance
// between the quantiles one standard deviation below and above q.
func quantileEstimate(sorted []float64, q float64) Estimate {
	if len(sorted) == 0 {
		return Estimate{}
	}
	spread := math.Sqrt(q * (1 - q) / float64(len(sorted)))
	low, high := quantile(sorted, max(q-spread, 0)), quantile(sorted, min(q+spread, 1))
	return Estimate{quantile(sorted, q), (high - low) / 2}
}

// sortedCopy returns xs in ascending order.
func sortedCopy(xs []float64) []float64 {
	sorted := slices.Clone(xs)
	slices.Sort(sorted)
	return sorted
}

// difference estimates a - b. correlation is the correlation of the errors of a and b.
func difference(a, b Estimate, correlation float64) Estimate {
	variance := float64(a.Error*a.Error) + float64(b.Error*b.Error) - float64(2*correlation*a.Error*b.Error)
	return Estimate{a.Value - b.Value, math.Sqrt(max(variance, 0))}
}
