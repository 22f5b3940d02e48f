// Package grad has the derivatives of operations, and an optimizer's update of each
// element, in float32. The portable functions define every bit of each result. In
// float32(x*y) + z, the conversion keeps the compiler from fusing the product with the
// sum. Every sum is computed as four chains, one for each lane of a vector of 128 bits.
package grad

import (
	"math"
	"slices"

	"alpaca/internal/ggml/vec"
	"alpaca/internal/machine"
)

// kernel has the inner loops for one instruction set.
type kernel struct {
	level string // a level of package machine

	dot     func(x, y []float32) float32
	sums    func(x, w, dy []float32) (xx, xwdy float32)
	norm    func(dx, x, w, dy []float32, rho, by float32)
	silu    func(dg, du, g, u, sigma []float32)
	softmax func(ds, p []float32, delta float32)
	mulAdd  func(dst, x, y []float32, by float32)
	sum     func(dst, x, y []float32)
	update  func(o *AdamW, w, m, v, g []float32)
}

var generic = kernel{dot: dotGeneric, sums: sumsGeneric, norm: normGeneric, silu: siluGeneric, softmax: softmaxGeneric,
	mulAdd: mulAddGeneric, sum: sumGeneric, update: updateGeneric}

// best is the kernel in use.
var best = choose()

// choose returns the first kernel that this CPU can run and that ALPACA_KERNEL allows.
func choose() *kernel {
	for i := range kernelTable {
		if machine.Allowed(kernelTable[i].level) {
			return &kernelTable[i]
		}
	}
	return &generic
}

// Dot returns the sum of x[i]·y[i]. Element i is added to chain s[i%4], and the result is
// (s[0]+s[2]) + (s[1]+s[3]). If len(x) is not a multiple of 4, the last elements are added to
// s[0].
func Dot(x, y []float32) float32 { return best.dot(x, y) }

func dotGeneric(x, y []float32) float32 {
	var s [4]float32
	y = y[:len(x)]
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		s[0] += float32(x[i] * y[i])
		s[1] += float32(x[i+1] * y[i+1])
		s[2] += float32(x[i+2] * y[i+2])
		s[3] += float32(x[i+3] * y[i+3])
	}
	for i := n; i < len(x); i++ {
		s[0] += float32(x[i] * y[i])
	}
	return (s[0] + s[2]) + (s[1] + s[3])
}

// sumsGeneric returns the sum of x[i]·x[i] and the sum of (x[i]·w[i])·dy[i], added as in Dot.
func sumsGeneric(x, w, dy []float32) (xx, xwdy float32) {
	var s [4]float32
	w, dy = w[:len(x)], dy[:len(x)]
	n := len(x) &^ 3
	for i := 0; i < n; i += 4 {
		s[0] += float32(float32(x[i]*w[i]) * dy[i])
		s[1] += float32(float32(x[i+1]*w[i+1]) * dy[i+1])
		s[2] += float32(float32(x[i+2]*w[i+2]) * dy[i+2])
		s[3] += float32(float32(x[i+3]*w[i+3]) * dy[i+3])
	}
	for i := n; i < len(x); i++ {
		s[0] += float32(float32(x[i]*w[i]) * dy[i])
	}
	return dotGeneric(x, x), (s[0] + s[2]) + (s[1] + s[3])
}

// Norm adds the gradient of RMSNorm's input x to dx. dy is the gradient of RMSNorm's output. If
// fresh is true, Norm sets dx instead. It returns ρ = 1/√(mean x² + eps).
//
//	dx += ρ·w·dy - x·ρ³/n·Σ x·w·dy
func Norm(dx, x, w, dy []float32, eps float32, fresh bool) float32 {
	xx, xwdy := best.sums(x, w, dy)
	rho := 1 / float32(math.Sqrt(float64(float32(xx/float32(len(x)))+eps)))
	by := float32(float32(float32(float32(rho*rho)*rho)/float32(len(x))) * xwdy)
	if !fresh {
		best.norm(dx, x, w, dy, rho, by)
		return rho
	}
	dx, w, dy = dx[:len(x)], w[:len(x)], dy[:len(x)]
	for i, v := range x {
		dx[i] = float32(float32(rho*w[i])*dy[i]) - float32(v*by)
	}
	return rho
}

// normGeneric adds (rho·w)·dy - x·by to dx, for each element.
func normGeneric(dx, x, w, dy []float32, rho, by float32) {
	dx, w, dy = dx[:len(x)], w[:len(x)], dy[:len(x)]
	for i, v := range x {
		dx[i] += float32(float32(rho*w[i])*dy[i]) - float32(v*by)
	}
}

// Silu sets dg and du to the gradients of g and u in silu(g)·u. The caller passes df, the
// gradient of the result, in du:
//
//	du = df·g·σ    dg = df·u·(σ + g·σ·(1-σ))    σ = 1/(1+e^-g)
//
// sigma is scratch memory of len(g) elements.
func Silu(dg, du, g, u, sigma []float32) {
	vec.Sigmoid(sigma, g)
	best.silu(dg, du, g, u, sigma)
}

func siluGeneric(dg, du, g, u, sigma []float32) {
	dg, du, u, sigma = dg[:len(g)], du[:len(g)], u[:len(g)], sigma[:len(g)]
	for i, x := range g {
		s, df := sigma[i], du[i]
		y := float32(x * s)
		du[i] = df * y
		dg[i] = float32(df*u[i]) * (s + float32(y*(1-s)))
	}
}

// Softmax replaces the gradient ds of the probabilities p by the gradient of the scores,
// p·(ds - delta). delta is the sum of ds·p.
func Softmax(ds, p []float32, delta float32) { best.softmax(ds, p, delta) }

func softmaxGeneric(ds, p []float32, delta float32) {
	ds = ds[:len(p)]
	for j, x := range p {
		ds[j] = x * (ds[j] - delta)
	}
}

// ones is the argument y in Axpy's calls of MulAdd.
var ones = slices.Repeat([]float32{1}, 256)

// Axpy adds x·by to dst. Axpy is MulAdd with y = 1.
func Axpy(dst, x []float32, by float32) {
	for len(dst) > 0 {
		n := min(len(dst), len(ones))
		best.mulAdd(dst[:n], x[:n], ones[:n], by)
		dst, x = dst[n:], x[n:]
	}
}

// MulAdd adds (x·y)·by to dst.
func MulAdd(dst, x, y []float32, by float32) { best.mulAdd(dst, x, y, by) }

func mulAddGeneric(dst, x, y []float32, by float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	for j := range dst {
		dst[j] += float32(float32(x[j]*y[j]) * by)
	}
}

// Sum sets dst to x + y.
func Sum(dst, x, y []float32) { best.sum(dst, x, y) }

func sumGeneric(dst, x, y []float32) {
	x, y = x[:len(dst)], y[:len(dst)]
	for j := range dst {
		dst[j] = x[j] + y[j]
	}
}

// AdamW has the coefficients of an update by AdamW. g is the gradient, w are the weights, and
// m and v their moments:
//
//	g ← g·By    m ← Beta1·m + Rest1·g    v ← Beta2·v + (Rest2·g)·g
//	w ← w·Keep - Step·m/(√v·Root + Eps)
type AdamW struct {
	By, Beta1, Rest1, Beta2, Rest2, Keep, Step, Root, Eps float32
}

// Update changes the weights w and their moments m and v by the gradient g.
func (o *AdamW) Update(w, m, v, g []float32) { best.update(o, w, m, v, g) }

func updateGeneric(o *AdamW, w, m, v, g []float32) {
	w, m, v = w[:len(g)], m[:len(g)], v[:len(g)]
	for i := range g {
		gi := g[i] * o.By
		m[i] = float32(o.Beta1*m[i]) + float32(o.Rest1*gi)
		v[i] = float32(o.Beta2*v[i]) + float32(float32(o.Rest2*gi)*gi)
		w[i] = float32(w[i]*o.Keep) - float32(o.Step*m[i])/(float32(float32(math.Sqrt(float64(v[i])))*o.Root)+o.Eps)
	}
}
