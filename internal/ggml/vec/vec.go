// Package vec has the inner loops of operations: small products, sums, norms,
// activations, rotations and softmax of contiguous numbers. The portable code
// defines every bit of each result. Kernels in assembly give equal results (==).
// When the program starts, the package chooses the best kernel for this CPU.
package vec

import (
	"alpaca/internal/fmath"
	"alpaca/internal/machine"
)

// kernel has the inner loops for one instruction set.
type kernel struct {
	level string // a level of package machine: "avx2", "neon", ...

	gemm    func(c, a, b Mat, size Size, fresh bool)
	softmax func(scores []float32, half bool)
	scale   func(x []float32, by float32)
	add     func(dst, x []float32)
	rmsNorm func(dst, x, w []float32, eps float32)
	silu    func(gate, up []float32)
	sigmoid func(dst, x []float32)
	rotate  func(x, cos, sin []float32)    // rotates the pairs x[2i], x[2i+1]
	halves  func(a, b, cos, sin []float32) // rotates the pairs a[i], b[i]
	widenQ8 func(dst *[32 * BlockLen]float32, q *[32 * BlockLen]byte, scale *[BlockLen]float32)

	squares func(x []float32) float32
	mulAdd  func(dst []float32, w, x Mat, rows int)
	delta   func(d *DeltaRule)

	hadamard func(x []float32, n int)

	gemmCoded func(c, a Mat, b Coded, size Size, fresh bool) // nil if there is no such loop
}

// The inner loops in use. They are the portable functions if there is no kernel.
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
	hadamard     = hadamardGeneric
	sumSquares   = sumSquaresGeneric
	mulAdd       = mulAddGeneric
	delta        = deltaGeneric

	gemmCoded, hasGemmCoded = gemmCodedGeneric, false
)

func init() { useBest(kernelTable) }

// useBest sets the inner loops to the first kernel of table that this CPU can run and that
// ALPACA_KERNEL allows.
func useBest(table []kernel) {
	for _, k := range table {
		if machine.Allowed(k.level) {
			gemm, softmax, scaleBy, addTo = k.gemm, k.softmax, k.scale, k.add
			rmsNorm, siluMul, sigmoid, rotate, rotateHalves, widenQ8, hadamard = k.rmsNorm, k.silu, k.sigmoid, k.rotate, k.halves, k.widenQ8, k.hadamard
			sumSquares, mulAdd, delta = k.squares, k.mulAdd, k.delta
			if k.gemmCoded != nil {
				gemmCoded, hasGemmCoded = k.gemmCoded, true
			}
			return
		}
	}
}

// BlockLen is the number of positions in a block of the cache of keys and values. Softmax
// takes whole blocks of scores.
const BlockLen = 32

// Mat is a matrix whose rows begin Stride elements apart.
type Mat struct {
	Data   []float32
	Stride int
}

// Size is the size of a product A [M, K] · B [K, N].
type Size struct{ M, K, N int }

// Gemm adds the product of a [M, K] and b [K, N] to c [M, N]. If fresh is true, it sets c to the
// product. It is for small matrices and runs on one core. Each element is one chain of fused
// multiply-adds, which begins with 0 if fresh is true:
//
//	c[i][j] = fma(a[i][p], b[p][j], c[i][j])    p = 0, 1, ... K-1
func Gemm(c, a, b Mat, size Size, fresh bool) { gemm(c, a, b, size, fresh) }

func gemmGeneric(c, a, b Mat, size Size, fresh bool) {
	n := size.N
	for i := range size.M {
		row := c.Data[i*c.Stride : i*c.Stride+n]
		if fresh {
			clear(row)
		}
		for p, x := range a.Data[i*a.Stride : i*a.Stride+size.K] {
			for j, y := range b.Data[p*b.Stride : p*b.Stride+n] {
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

// scaleByGeneric multiplies each element of x by a number.
func scaleByGeneric(x []float32, by float32) {
	for i := range x {
		x[i] *= by
	}
}

// Add adds x to dst.
func Add(dst, x []float32) { addTo(dst, x) }

// Scale multiplies each element of x by a number.
func Scale(x []float32, by float32) { scaleBy(x, by) }

// Softmax replaces scores by their softmax, which softmaxGeneric defines. The number of scores
// must be a multiple of BlockLen. If half is true, the results are rounded to float16.
func Softmax(scores []float32, half bool) { softmax(scores, half) }
