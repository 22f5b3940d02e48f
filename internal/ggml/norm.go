package ggml

import (
	"math"

	"alpaca/internal/fmath"
)

// LayerNorm sets dst[i] = ((x[i] - mean) * scale) * w[i] + w[n+i] for n = len(x) elements,
// with
//
//	scale = 1 / sqrt(mean of (x - mean)^2 + eps)
//
// Sums are computed in float64, as four partial sums: partial sum j has every
// fourth element from element j on. The mean, each difference and the results
// of all further operations are rounded to float32. dst may be x.
func LayerNorm(dst, x, w []float32, eps float32) {
	n := len(x)
	layerNorm(dst, x, w[:n], w[n:2*n], eps)
}

// layerNorm is LayerNorm with a separate slice of biases. If bias is nil, there are no biases.
func layerNorm(dst, x, w, bias []float32, eps float32) {
	n := len(x)
	mean := float32(sumOf(x, func(v float32) float64 { return float64(v) }) / float64(n))
	variance := sumOf(x, func(v float32) float64 {
		d := float64(v - mean)
		return d * d
	}) / float64(n)
	scale := float32(1 / math.Sqrt(variance+float64(eps)))
	dst = dst[:n]
	for i, v := range x {
		dst[i] = float32(float32((v-mean)*scale) * w[i])
		if bias != nil {
			dst[i] += bias[i]
		}
	}
}

// sumOf applies a function to all elements of x, and returns the sum of the results.
func sumOf(x []float32, of func(float32) float64) float64 {
	var sums [4]float64
	for len(x) >= 4 {
		for i, v := range x[:4] {
			sums[i] += float64(of(v))
		}
		x = x[4:]
	}
	for i, v := range x {
		sums[i] += float64(of(v))
	}
	return (sums[0] + sums[1]) + (sums[2] + sums[3])
}

// Softmax replaces x by e^(x - max x) / sum, for the scores of a router. The sum is added in the
// order of x.
func Softmax(x []float32) {
	m := float32(math.Inf(-1))
	for _, v := range x {
		m = max(m, v)
	}
	var sum float32
	for i, v := range x {
		x[i] = fmath.Exp32(v - m)
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}
