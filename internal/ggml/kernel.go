package ggml

import (
	"alpaca/internal/fmath"
	"alpaca/internal/machine"
)

// kernel is the inner loops for one instruction set. What they compute is defined to
// the bit by the portable functions.
type kernel struct {
	level string // of machine.Allowed: "avx2", "neon", ...

	gemm    func(c []float32, cStride int, a []float32, aStride int, b []float32, bStride, m, k, n int, fresh bool)
	softmax func(scores []float32, half bool)
	scale   func(x []float32, by float32)
	add     func(dst, x []float32)
	rmsNorm func(dst, x, w []float32, eps float32)
	silu    func(gate, up []float32)
	sigmoid func(dst, x []float32)
	rotate  func(x, cos, sin []float32)    // rotates the pairs x[2i], x[2i+1]
	halves  func(a, b, cos, sin []float32) // rotates the pairs a[i], b[i]
	widenQ8 func(dst *[32 * BlockLen]float32, q *[32 * BlockLen]byte, scale *[BlockLen]float32)
}

// The inner loops in use: the portable ones where there is no kernel.
var (
	gemm         = gemmGeneric
	softmax      = softmaxGeneric
	scaleBy      = scaleByGeneric
	rmsNorm      = rmsNormGeneric
	siluMul      = siluMulGeneric
	sigmoid      = sigmoidGeneric
	addTo        = addToGeneric
	rotate       = rotateGeneric
	rotateHalves = rotateHalvesGeneric
	widenQ8      = widenQ8Generic
)

func init() { useBest(kernelTable) }

// useBest puts the first kernel of a table that this CPU can run and that
// ALPACA_KERNEL allows in use.
func useBest(table []kernel) {
	for _, k := range table {
		if machine.Allowed(k.level) {
			gemm, softmax, scaleBy, addTo = k.gemm, k.softmax, k.scale, k.add
			rmsNorm, siluMul, sigmoid, rotate, rotateHalves, widenQ8 = k.rmsNorm, k.silu, k.sigmoid, k.rotate, k.halves, k.widenQ8
			return
		}
	}
}

// gemmGeneric adds the product of a [m, k] and b [k, n] to c [m, n], or sets c to it
// if fresh; rows lie aStride, bStride and cStride apart. Each element is one chain,
// from 0 if fresh:
//
//	c[i][j] = fma(a[i][p], b[p][j], c[i][j])    p = 0, 1, ... k-1
func gemmGeneric(c []float32, cStride int, a []float32, aStride int, b []float32, bStride, m, k, n int, fresh bool) {
	for i := range m {
		row := c[i*cStride : i*cStride+n]
		if fresh {
			clear(row)
		}
		for p, x := range a[i*aStride : i*aStride+k] {
			for j, y := range b[p*bStride : p*bStride+n] {
				row[j] = fmath.FMA32(x, y, row[j])
			}
		}
	}
}

// addToGeneric adds x to dst.
func addToGeneric(dst, x []float32) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] += x[i]
	}
}

// scaleByGeneric multiplies x by a number.
func scaleByGeneric(x []float32, by float32) {
	for i := range x {
		x[i] *= by
	}
}

// Add adds x to dst.
func Add(dst, x []float32) { addTo(dst, x) }

// Scale multiplies x by a number.
func Scale(x []float32, by float32) { scaleBy(x, by) }

// Gemm is a small product on one core: C [M, N] = or += A [M, K] · B [K, N], rows lying
// the strides apart. Each element is one chain of fused multiply-adds over k in order,
// from 0 if Fresh.
type Gemm struct {
	C, A, B                   []float32
	CStride, AStride, BStride int
	M, K, N                   int
	Fresh                     bool
}

// Run computes g.
func (g *Gemm) Run() {
	gemm(g.C, g.CStride, g.A, g.AStride, g.B, g.BStride, g.M, g.K, g.N, g.Fresh)
}
