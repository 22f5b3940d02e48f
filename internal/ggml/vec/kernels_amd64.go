//go:build !purego

package vec

import "unsafe"

// kernelTable lists the kernels, best first.
var kernelTable = []kernel{
	{level: "avx512vnni", gemm: gemmAVX512, gemmCoded: gemmCodedAVX512, softmax: softmaxBlocksAVX512, scale: scaleAVX2, rmsNorm: rmsNormAVX2,
		silu: siluAVX2, sigmoid: sigmoidAVX2, add: addAVX2, rotate: rotateAVX2, halves: rotateHalvesAVX2, widenQ8: widenQ8AVX2, hadamard: hadamardAVX2,
		squares: sumSquaresOfAVX2, mulAdd: mulAddAVX2, delta: deltaAVX512},
	{level: "avx2", gemm: gemmAVX2, gemmCoded: gemmCodedAVX2, softmax: softmaxBlocksAVX2, scale: scaleAVX2, rmsNorm: rmsNormAVX2,
		silu: siluAVX2, sigmoid: sigmoidAVX2, add: addAVX2, rotate: rotateAVX2, halves: rotateHalvesAVX2, widenQ8: widenQ8AVX2, hadamard: hadamardAVX2,
		squares: sumSquaresOfAVX2, mulAdd: mulAddAVX2, delta: deltaAVX2},
}

// gemmArgs has the arguments of a kernel that computes some columns of a product. Strides are
// in bytes.
type gemmArgs struct {
	c, a, b                   *float32
	cStride, aStride, bStride int
	m, k                      int
	mask                      uint64 // one bit for each of the up to 32 columns that exist (AVX-512 only)
	fresh                     int    // 1 sets c to the product; 0 adds the product to c
}

//go:noescape
func gemm32AVX512(args *gemmArgs)

//go:noescape
func gemm16AVX2(args *gemmArgs)

//go:noescape
func gemm8AVX2(args *gemmArgs)

// newGemmArgs returns the arguments for a product. It panics if c, a or b have too few
// elements, because kernels do not check.
func newGemmArgs(c, a, b Mat, size Size, fresh bool) gemmArgs {
	m, k, n := size.M, size.K, size.N
	_, _, _ = c.Data[(m-1)*c.Stride+n-1], a.Data[(m-1)*a.Stride+k-1], b.Data[(k-1)*b.Stride+n-1]
	g := gemmArgs{c: &c.Data[0], a: &a.Data[0], b: &b.Data[0], cStride: c.Stride * 4, aStride: a.Stride * 4, bStride: b.Stride * 4, m: m, k: k}
	if fresh {
		g.fresh = 1
	}
	return g
}

// right moves g by n columns.
func (g *gemmArgs) right(n uintptr) {
	g.c = (*float32)(unsafe.Add(unsafe.Pointer(g.c), 4*n))
	g.b = (*float32)(unsafe.Add(unsafe.Pointer(g.b), 4*n))
}

func gemmAVX512(c, a, b Mat, size Size, fresh bool) {
	if size.M <= 0 || size.K <= 0 || size.N <= 0 {
		return
	}
	g, n := newGemmArgs(c, a, b, size, fresh), size.N
	for ; n > 32; n -= 32 {
		g.mask = 1<<32 - 1
		gemm32AVX512(&g)
		g.right(32)
	}
	g.mask = 1<<n - 1
	gemm32AVX512(&g)
}

func gemmAVX2(c, a, b Mat, size Size, fresh bool) {
	if size.M <= 0 || size.K <= 0 || size.N <= 0 {
		return
	}
	g, n, done := newGemmArgs(c, a, b, size, fresh), size.N, 0
	for ; n-done >= 16; done += 16 {
		gemm16AVX2(&g)
		if n-done > 16 {
			g.right(16)
		}
	}
	if n-done >= 8 {
		gemm8AVX2(&g)
		done += 8
	}
	if n > done {
		size.N -= done
		gemmGeneric(Mat{c.Data[done:], c.Stride}, a, Mat{b.Data[done:], b.Stride}, size, fresh)
	}
}

//go:noescape
func softmaxAVX512(scores *float32, n int, half bool)

//go:noescape
func softmaxAVX2(scores *float32, n int, half bool)

func softmaxBlocksAVX512(scores []float32, half bool) {
	checkBlocks(scores)
	softmaxAVX512(&scores[0], len(scores), half)
}

func softmaxBlocksAVX2(scores []float32, half bool) {
	checkBlocks(scores)
	softmaxAVX2(&scores[0], len(scores), half)
}

//go:noescape
func scale8AVX2(x *float32, n int, by float32)

func scaleAVX2(x []float32, by float32) {
	n := len(x) &^ 7
	if n > 0 {
		scale8AVX2(&x[0], n, by)
	}
	scaleByGeneric(x[n:], by)
}

//go:noescape
func add8AVX2(dst, x *float32, n int)

func addAVX2(dst, x []float32) {
	n := len(dst) &^ 7
	if n > 0 {
		_ = x[n-1]
		add8AVX2(&dst[0], &x[0], n)
	}
	addToGeneric(dst[n:], x[n:])
}

//go:noescape
func silu8AVX2(gate, up *float32, n int)

func siluAVX2(gate, up []float32) {
	n := len(gate) &^ 7
	if n > 0 {
		_ = up[n-1]
		silu8AVX2(&gate[0], &up[0], n)
	}
	siluMulGeneric(gate[n:], up[n:])
}

//go:noescape
func sigmoid8AVX2(dst, x *float32, n int)

func sigmoidAVX2(dst, x []float32) {
	n := len(x) &^ 7
	if n > 0 {
		_ = dst[n-1]
		sigmoid8AVX2(&dst[0], &x[0], n)
	}
	sigmoidGeneric(dst[n:], x[n:])
}

//go:noescape
func sumSquaresAVX2(x *float32, n int) float32

//go:noescape
func mulNorm8AVX2(dst, x, w *float32, n int, scale float32)

func rmsNormAVX2(dst, x, w []float32, eps float32) {
	n := len(x)
	if n == 0 || n%8 != 0 {
		rmsNormGeneric(dst, x, w, eps)
		return
	}
	_, _ = dst[n-1], w[n-1]
	scale := rmsScale(sumSquaresAVX2(&x[0], n), n, eps)
	mulNorm8AVX2(&dst[0], &x[0], &w[0], n, scale)
}

//go:noescape
func rotate4AVX2(x, cos, sin *float32, n int)

func rotateAVX2(x, cos, sin []float32) {
	n := len(cos) &^ 3
	if n > 0 {
		_, _ = x[2*n-1], sin[n-1]
		rotate4AVX2(&x[0], &cos[0], &sin[0], n)
	}
	rotateGeneric(x[2*n:], cos[n:], sin[n:])
}

//go:noescape
func rotateHalves8AVX2(a, b, cos, sin *float32, n int)

func rotateHalvesAVX2(a, b, cos, sin []float32) {
	n := len(cos) &^ 7
	if n > 0 {
		_, _, _ = a[n-1], b[n-1], sin[n-1]
		rotateHalves8AVX2(&a[0], &b[0], &cos[0], &sin[0], n)
	}
	rotateHalvesGeneric(a[n:], b[n:], cos[n:], sin[n:])
}

//go:noescape
func widenQ8AVX2(dst *[32 * BlockLen]float32, q *[32 * BlockLen]byte, scale *[BlockLen]float32)

//go:noescape
func hadamard32AVX2(x *float32, n int)

//go:noescape
func butterflyAVX2(lo, hi *float32, n int)

func hadamardAVX2(x []float32, n int) {
	if n < 32 || len(x) == 0 {
		hadamardGeneric(x, n)
		return
	}
	hadamard32AVX2(&x[0], len(x))
	for h := 32; h < n; h *= 2 {
		for i := 0; i < len(x); i += 2 * h {
			butterflyAVX2(&x[i], &x[i+h], h)
		}
	}
}

func sumSquaresOfAVX2(x []float32) float32 {
	if len(x) == 0 || len(x)%8 != 0 {
		return sumSquaresGeneric(x)
	}
	return sumSquaresAVX2(&x[0], len(x))
}

//go:noescape
func mulAdd8AVX2(args *mulAddArgs)

func mulAddAVX2(dst []float32, w, x Mat, rows int) {
	n := len(dst) &^ 7
	if n > 0 {
		a := newMulAddArgs(dst, w, x, rows, n)
		mulAdd8AVX2(&a)
	}
	mulAddGeneric(dst[n:], w.from(0, n), x.from(0, n), rows)
}

//go:noescape
func delta64AVX512(args *deltaArgs)

//go:noescape
func delta32AVX2(args *deltaArgs)

func deltaAVX512(d *DeltaRule) {
	d.rest(d.blocks(delta32AVX2, d.blocks(delta64AVX512, 0, 64), 32), gemmAVX2, scaleAVX2)
}

func deltaAVX2(d *DeltaRule) { d.rest(d.blocks(delta32AVX2, 0, 32), gemmAVX2, scaleAVX2) }
