package train

import (
	"math"

	"alpaca/internal/ggml"
	"alpaca/internal/ggml/grad"
	"alpaca/internal/ggml/vec"
)

// This file has operations on each element. The conversion T(x·y) of a product keeps
// the compiler from fusing it with an addition, so that all CPUs compute the same bits.

// dot3 returns the sum of x[i]·y[i]·z[i], or of x[i]·y[i] if z is nil. The order of the sums is
// fixed.
func dot3[T real](x, y, z []T) T {
	if single[T]() && z == nil {
		return T(grad.Dot(floats(x), floats(y)))
	}
	var s [4]T
	y = y[:len(x)]
	n := len(x) &^ 3
	if z == nil {
		for i := 0; i < n; i += 4 {
			s[0] += T(x[i] * y[i])
			s[1] += T(x[i+1] * y[i+1])
			s[2] += T(x[i+2] * y[i+2])
			s[3] += T(x[i+3] * y[i+3])
		}
		for i := n; i < len(x); i++ {
			s[0] += T(x[i] * y[i])
		}
		return (s[0] + s[2]) + (s[1] + s[3])
	}
	z = z[:len(x)]
	for i := 0; i < n; i += 4 {
		s[0] += T(T(x[i]*y[i]) * z[i])
		s[1] += T(T(x[i+1]*y[i+1]) * z[i+1])
		s[2] += T(T(x[i+2]*y[i+2]) * z[i+2])
		s[3] += T(T(x[i+3]*y[i+3]) * z[i+3])
	}
	for i := n; i < len(x); i++ {
		s[0] += T(T(x[i]*y[i]) * z[i])
	}
	return (s[0] + s[2]) + (s[1] + s[3])
}

// rms returns 1/√(mean x² + eps).
func rms[T real](x []T, eps float32) T {
	mean := dot3(x, x, nil) / T(len(x))
	return 1 / T(math.Sqrt(float64(mean+T(eps))))
}

// norm sets dst to x·rms(x)·w.
func norm[T real](dst, x, w []T, eps float32) {
	if single[T]() {
		vec.RMSNorm(floats(dst), floats(x), floats(w), eps)
		return
	}
	rho := rms(x, eps)
	dst, w = dst[:len(x)], w[:len(x)]
	for i, v := range x {
		dst[i] = T(v*rho) * w[i]
	}
}

// normBack adds the gradient of norm's input x to dx, or sets dx if fresh is true, and returns
// rms(x):
//
//	dx = ρ·w·dy - x·ρ³/n·Σ x·w·dy
func normBack[T real](dx, x, w, dy []T, eps float32, fresh bool) T {
	if single[T]() {
		return T(grad.Norm(floats(dx), floats(x), floats(w), floats(dy), eps, fresh))
	}
	rho := rms(x, eps)
	by := T(T(T(rho*rho)*rho)/T(len(x))) * dot3(x, w, dy)
	dx, w, dy = dx[:len(x)], w[:len(x)], dy[:len(x)]
	if fresh {
		for i, v := range x {
			dx[i] = T(T(rho*w[i])*dy[i]) - T(v*by)
		}
		return rho
	}
	for i, v := range x {
		dx[i] += T(T(rho*w[i])*dy[i]) - T(v*by)
	}
	return rho
}

// siluMul sets dst to silu(g)·u.
func siluMul[T real](dst, g, u []T) {
	if single[T]() {
		copy(dst, g)
		vec.SiluMul(floats(dst), floats(u))
		return
	}
	for i, x := range g {
		dst[i] = x / (1 + T(math.Exp(-float64(x)))) * u[i]
	}
}

// Before the call of siluBack, du holds df, the gradient of
// silu(g)·u. siluBack sets dg and du to the gradients of g and u:
//
//	du = df·g·σ    dg = df·u·(σ + g·σ·(1-σ))    σ = 1/(1+e^-g)
//
// sigma is scratch memory.
func siluBack[T real](dg, du, g, u, sigma []T) {
	if single[T]() {
		grad.Silu(floats(dg), floats(du), floats(g), floats(u), floats(sigma))
		return
	}
	sigmoid(sigma, g)
	dg, du, u, sigma = dg[:len(g)], du[:len(g)], u[:len(g)], sigma[:len(g)]
	for i, x := range g {
		s, df := sigma[i], du[i]
		y := T(x * s)
		du[i] = df * y
		dg[i] = T(df*u[i]) * (s + T(y*(1-s)))
	}
}

// sigmoid sets dst to 1/(1+e^-x).
func sigmoid[T real](dst, x []T) {
	if single[T]() {
		vec.Sigmoid(floats(dst), floats(x))
		return
	}
	for i, v := range x {
		dst[i] = 1 / (1 + T(math.Exp(-float64(v))))
	}
}

// The length of a row of scores is a multiple of block.
const block = ggml.BlockLen

// softmax replaces x by its softmax. The length of x is a multiple of block.
func softmax[T real](x []T) {
	if single[T]() {
		vec.Softmax(floats(x), false)
		return
	}
	largest := T(math.Inf(-1))
	for _, v := range x {
		largest = max(largest, v)
	}
	var sum T
	for i, v := range x {
		x[i] = T(math.Exp(float64(v - largest)))
		sum += x[i]
	}
	for i := range x {
		x[i] /= sum
	}
}

// scale sets x to by·x.
func scale[T real](x []T, by T) {
	if single[T]() {
		vec.Scale(floats(x), float32(by))
		return
	}
	for i := range x {
		x[i] *= by
	}
}

// addTo adds x to dst.
func addTo[T real](dst, x []T) {
	if single[T]() {
		vec.Add(floats(dst), floats(x))
		return
	}
	for i, v := range x {
		dst[i] += v
	}
}

// turn rotates the pairs of a head by the angles whose cosines and sines
// are cos and sin. If there are n angles and halves is true, pair i has the
// elements i and i+n. If halves is false, it has the elements 2i and 2i+1.
func turn[T real](rope *ggml.Rope, x []T, cos, sin []float32, halves bool) {
	n := len(cos)
	if single[T]() {
		rope.Apply(floats(x), cos, sin)
		return
	}
	for i, c := range cos {
		a, b := 2*i, 2*i+1
		if halves {
			a, b = i, i+n
		}
		c, s := T(c), T(sin[i])
		p, q := x[a], x[b]
		x[a] = T(p*c) - T(q*s)
		x[b] = T(p*s) + T(q*c)
	}
}

// sumOf sets dst to x + y.
func sumOf[T real](dst, x, y []T) {
	if single[T]() {
		grad.Sum(floats(dst), floats(x), floats(y))
		return
	}
	for i, v := range x {
		dst[i] = v + y[i]
	}
}

// scoresBack replaces ds, the gradient of probabilities p, by the gradient of their
// scores. delta is the sum of ds·p.
func scoresBack[T real](ds, p []T, delta T) {
	if single[T]() {
		grad.Softmax(floats(ds), floats(p), float32(delta))
		return
	}
	for j, x := range p {
		ds[j] = x * (ds[j] - delta)
	}
}

// axpy adds x·by to dst.
func axpy[T real](dst, x []T, by T) {
	if single[T]() {
		grad.Axpy(floats(dst), floats(x), float32(by))
		return
	}
	for j := range dst {
		dst[j] += T(x[j] * by)
	}
}

// mulAdd adds (x·y)·by to dst.
func mulAdd[T real](dst, x, y []T, by T) {
	if single[T]() {
		grad.MulAdd(floats(dst), floats(x), floats(y), float32(by))
		return
	}
	for j := range dst {
		dst[j] += T(T(x[j]*y[j]) * by)
	}
}
