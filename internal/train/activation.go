package train

import (
	"math"

	"alpaca/internal/ggml"
)

// This file has the activation functions of feed-forward networks, LayerNorm and soft caps, with
// their derivatives. In float32, the functions are the same as in inference.

// activateMul sets dst to act(g)·u.
func activateMul[T real](act ggml.Activation, dst, g, u []T) {
	switch {
	case act == ggml.SiLU:
		siluMul(dst, g, u)
	case single[T]():
		copy(dst, g)
		act.Mul(floats(dst), floats(u))
	case act == ggml.GELU:
		for i, x := range g {
			y, _ := gelu(x, 0)
			dst[i] = y * u[i]
		}
	default:
		for i, x := range g {
			x = min(x, clampLimit)
			dst[i] = x / (1 + T(math.Exp(-clampSteep*float64(x)))) * (min(max(u[i], -clampLimit), clampLimit) + 1)
		}
	}
}

// clampLimit is the bound of the clamped gate (ggml.ClampedSwiGLU), and clampSteep is its slope.
const clampLimit, clampSteep = 7, 1.702

// activate sets dst to act(u).
func activate[T real](act ggml.Activation, dst, u []T) {
	copy(dst, u)
	if single[T]() {
		act.Apply(floats(dst))
		return
	}
	for i, x := range u {
		if act == ggml.GELU {
			dst[i], _ = gelu(x, 0)
		} else {
			dst[i] = x / (1 + T(math.Exp(-float64(x))))
		}
	}
}

// These are the constants of ggml's GELU, x·σ(x·(linear + cubic·x²)).
const (
	geluLinear = 1.5957691216057308 // 2·√(2/π)
	geluCubic  = 0.044715 * geluLinear
)

// gelu returns GELU and its derivative. In float32, the caller has
// computed s, the factor σ in GELU. In float64, gelu ignores s.
func gelu[T real](x, s T) (y, dy T) {
	square := T(x * x)
	if !single[T]() {
		s = 1 / (1 + T(math.Exp(-float64(x*(geluLinear+T(geluCubic*square))))))
	}
	return x * s, s + T(T(T(x*s)*(1-s))*(geluLinear+T(3*geluCubic*square)))
}

// geluSigmoids sets s to the factor σ in GELU, for the inputs x. In float64, it does nothing.
func geluSigmoids[T real](s, x []T) {
	if !single[T]() {
		return
	}
	for i, v := range x {
		s[i] = v * (geluLinear + T(T(geluCubic*v)*v))
	}
	sigmoid(s, s)
}

// Before the call of activateMulBack, du holds df, the gradient of act(g)·u.
// activateMulBack sets dg and du to the gradients of g and u. s is scratch memory.
func activateMulBack[T real](act ggml.Activation, dg, du, g, u, s []T) {
	switch act {
	case ggml.SiLU:
		siluBack(dg, du, g, u, s)
	case ggml.GELU:
		geluSigmoids(s, g)
		for i, x := range g {
			y, dy := gelu(x, s[i])
			df := du[i]
			du[i] = df * y
			dg[i] = T(df*u[i]) * dy
		}
	default:
		clampedBack(dg, du, g, u, s)
	}
}

// clampedBack is activateMulBack for the clamped gate. With x = min(g, 7), y =
// x·σ(1.702·x), w = clamp(u, -7, 7) + 1:
//
//	du = df·y if |u| ≤ 7, else 0    dg = df·w·(σ + 1.702·y·(1-σ)) if g ≤ 7, else 0
func clampedBack[T real](dg, du, g, u, s []T) {
	for i, x := range g {
		s[i] = clampSteep * min(x, clampLimit)
	}
	sigmoid(s[:len(g)], s[:len(g)])
	for i, x := range g {
		df, w, y := du[i], min(max(u[i], -clampLimit), clampLimit)+1, T(min(x, clampLimit)*s[i])
		du[i], dg[i] = 0, 0
		if u[i] >= -clampLimit && u[i] <= clampLimit {
			du[i] = df * y
		}
		if x <= clampLimit {
			dg[i] = T(df*w) * (s[i] + T(T(clampSteep*y)*(1-s[i])))
		}
	}
}

// activateBack replaces du, the gradient of act(u), by the gradient of u. s is scratch
// memory.
func activateBack[T real](act ggml.Activation, du, u, s []T) {
	if act == ggml.GELU {
		geluSigmoids(s, u)
		for i, x := range u {
			_, dy := gelu(x, s[i])
			du[i] *= dy
		}
		return
	}
	sigmoid(s[:len(u)], u)
	for i, x := range u {
		du[i] *= s[i] + T(T(x*s[i])*(1-s[i]))
	}
}

// softCap replaces x by c·tanh(x/c). If slope is not nil, it sets slope to the derivative,
// 1 - tanh².
func softCap[T real](x, slope []T, c T) {
	by := 2 / c
	for i := range x {
		x[i] *= by
	}
	sigmoid(x, x)
	for i := range x {
		t := T(2*x[i]) - 1
		x[i] = c * t
		if slope != nil {
			slope[i] = 1 - T(t*t)
		}
	}
}

// moments returns the mean of x and 1/√(variance + eps). It sums in the same order as
// ggml.LayerNorm.
func moments[T real](x []T, eps float32) (mean, rho T) {
	var sums [4]float64
	for i, v := range x {
		sums[i%4] += float64(v)
	}
	mean = T(((sums[0] + sums[1]) + (sums[2] + sums[3])) / float64(len(x)))
	sums = [4]float64{}
	for i, v := range x {
		d := float64(v - mean)
		sums[i%4] += float64(d * d)
	}
	variance := ((sums[0] + sums[1]) + (sums[2] + sums[3])) / float64(len(x))
	return mean, T(1 / math.Sqrt(variance+float64(eps)))
}

// layerNorm sets dst to (x - mean)·ρ·w + b.
func layerNorm[T real](dst, x, w, b []T, eps float32) {
	mean, rho := moments(x, eps)
	for i, v := range x {
		dst[i] = T(T((v-mean)*rho)*w[i]) + b[i]
	}
}

// layerNormBack adds the gradient of LayerNorm's input x to dx, or sets dx if fresh is true. It
// returns the two moments of x, which are called mean and ρ here. With h = (x - mean)·ρ:
//
//	dx = ρ·(w·dy - Σ w·dy/n - h·Σ w·dy·h/n)
func layerNormBack[T real](dx, x, w, dy []T, eps float32, fresh bool) (mean, rho T) {
	mean, rho = moments(x, eps)
	var sum, dot float64
	for i, v := range x {
		g := float64(float64(w[i]) * float64(dy[i]))
		sum += g
		dot += float64(g * float64((v-mean)*rho))
	}
	n := float64(len(x))
	a, b := T(sum/n), T(dot/n)
	for i, v := range x {
		g := T(rho * (T(w[i]*dy[i]) - a - T(T((v-mean)*rho)*b)))
		if fresh {
			dx[i] = g
		} else {
			dx[i] += g
		}
	}
	return mean, rho
}

// layerNormGrads adds what one row contributes to the gradients of weights and
// biases, for the elements from lo on. mean and rho are the row's moments.
func layerNormGrads[T real](w *Norm[T], lo int, dy, x []T, mean, rho T) {
	if w.W.Trainable() {
		for j, d := range dy {
			w.W.Grad[lo+j] += T(d * T((x[j]-mean)*rho))
		}
	}
	if w.Bias.Trainable() {
		for j, d := range dy {
			w.Bias.Grad[lo+j] += d
		}
	}
}
