package ggml

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/quant"
)

// RMSNorm sets dst[i] = (x[i] * scale) * w[i] with
//
//	scale = 1 / sqrt(dot(x, x)/n + eps)
//
// each operation rounded to float32, and dot as quant.DotF32 defines it.
// dst may be x.
func RMSNorm(dst, x, w []float32, eps float32) { rmsNorm(dst, x, w, eps) }

func rmsNormGeneric(dst, x, w []float32, eps float32) {
	scale := rmsScale(quant.DotF32(x, x), len(x), eps)
	dst, w = dst[:len(x)], w[:len(x)]
	for i, v := range x {
		dst[i] = float32(v*scale) * w[i]
	}
}

// rmsScale returns the scale of n elements whose squares have that sum.
func rmsScale(squares float32, n int, eps float32) float32 {
	mean := squares / float32(n)
	return 1 / float32(math.Sqrt(float64(mean+eps)))
}

// LayerNorm sets dst[i] = ((x[i] - mean) * scale) * w[i] + w[n+i], of n = len(x) elements,
// with
//
//	scale = 1 / sqrt(mean of (x - mean)^2 + eps)
//
// Sums are four of float64, of every fourth element, and what is subtracted is rounded
// to float32, as is each further operation. dst may be x.
func LayerNorm(dst, x, w []float32, eps float32) {
	n := len(x)
	mean := float32(sumOf(x, func(v float32) float64 { return float64(v) }) / float64(n))
	variance := sumOf(x, func(v float32) float64 {
		d := float64(v - mean)
		return d * d
	}) / float64(n)
	scale := float32(1 / math.Sqrt(variance+float64(eps)))
	dst, bias := dst[:n], w[n:2*n]
	for i, v := range x {
		dst[i] = float32(float32((v-mean)*scale)*w[i]) + bias[i]
	}
}

// sumOf returns the sum of what of gives for each element.
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

// siluMulGeneric sets gate[i] = gate[i] / (1 + e^-gate[i]) * up[i].
func siluMulGeneric(gate, up []float32) {
	up = up[:len(gate)]
	for i, g := range gate {
		gate[i] = float32(g/(1+fmath.Exp32(-g))) * up[i]
	}
}

// SiluMul sets gate[i] = gate[i] / (1 + e^-gate[i]) * up[i].
func SiluMul(gate, up []float32) { siluMul(gate, up) }

// Sigmoid sets dst[i] = 1 / (1 + e^-x[i]).
func Sigmoid(dst, x []float32) { sigmoid(dst, x) }

func sigmoidGeneric(dst, x []float32) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = 1 / (1 + fmath.Exp32(-v))
	}
}
