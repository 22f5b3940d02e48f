//go:build !purego

package vec

import "unsafe"

// kernelTable lists the kernels. There is only one kernel, because the
// additional instructions of newer CPUs do not make these loops faster.
var kernelTable = []kernel{
	{level: "neon", gemm: gemmNEON, softmax: softmaxBlocksNEON, scale: scaleByNEON, rmsNorm: rmsNormNEON,
		silu: siluMulNEON, sigmoid: sigmoidNEON, add: addToNEON, rotate: rotateNEON, halves: rotateHalvesNEON, widenQ8: widenQ8NEON, hadamard: hadamardGeneric,
		squares: sumSquaresNEON, mulAdd: mulAddNEON, delta: deltaNEON},
}

// gemmArgs has the arguments of a kernel that computes some columns of a product. Strides are
// in bytes.
type gemmArgs struct {
	c, a, b                   *float32
	cStride, aStride, bStride int
	m, k                      int
	fresh                     int // 1 sets c to the product; 0 adds the product to c
}

// right moves g by n columns. It does nothing if at most n columns are left.
func (g *gemmArgs) right(n, left int) {
	if left > n {
		g.c = (*float32)(unsafe.Add(unsafe.Pointer(g.c), 4*n))
		g.b = (*float32)(unsafe.Add(unsafe.Pointer(g.b), 4*n))
	}
}

//go:noescape
func gemm32NEON(args *gemmArgs)

//go:noescape
func gemm16NEON(args *gemmArgs)

//go:noescape
func gemm4NEON(args *gemmArgs)

func gemmNEON(c, a, b Mat, size Size, fresh bool) {
	m, k, n := size.M, size.K, size.N
	if m <= 0 || k <= 0 || n <= 0 {
		return
	}
	_, _, _ = c.Data[(m-1)*c.Stride+n-1], a.Data[(m-1)*a.Stride+k-1], b.Data[(k-1)*b.Stride+n-1]
	g := gemmArgs{c: &c.Data[0], a: &a.Data[0], b: &b.Data[0], cStride: c.Stride * 4, aStride: a.Stride * 4, bStride: b.Stride * 4, m: m, k: k}
	if fresh {
		g.fresh = 1
	}
	done := 0
	// With 16 columns, four rows fill the registers. Fewer rows need more columns to
	// hide the latency of a multiply-add.
	if m < 4 {
		for ; n-done >= 32; done += 32 {
			gemm32NEON(&g)
			g.right(32, n-done)
		}
	}
	for ; n-done >= 16; done += 16 {
		gemm16NEON(&g)
		g.right(16, n-done)
	}
	for ; n-done >= 4; done += 4 {
		gemm4NEON(&g)
		g.right(4, n-done)
	}
	if n > done {
		size.N -= done
		gemmGeneric(Mat{c.Data[done:], c.Stride}, a, Mat{b.Data[done:], b.Stride}, size, fresh)
	}
}

//go:noescape
func softmaxNEON(scores *float32, n int, half bool)

func softmaxBlocksNEON(scores []float32, half bool) {
	checkBlocks(scores)
	softmaxNEON(&scores[0], len(scores), half)
}

//go:noescape
func scale4NEON(x *float32, n int, by float32)

func scaleByNEON(x []float32, by float32) {
	n := len(x) &^ 3
	if n > 0 {
		scale4NEON(&x[0], n, by)
	}
	scaleByGeneric(x[n:], by)
}

//go:noescape
func add4NEON(dst, x *float32, n int)

func addToNEON(dst, x []float32) {
	n := len(dst) &^ 3
	if n > 0 {
		_ = x[n-1]
		add4NEON(&dst[0], &x[0], n)
	}
	addToGeneric(dst[n:], x[n:])
}

//go:noescape
func silu16NEON(gate, up *float32, n int)

func siluMulNEON(gate, up []float32) {
	n := len(gate) &^ 15
	if n > 0 {
		_ = up[n-1]
		silu16NEON(&gate[0], &up[0], n)
	}
	if n < len(gate) { // the rest, padded
		var g, u [16]float32
		copy(g[:], gate[n:])
		copy(u[:], up[n:len(gate)])
		silu16NEON(&g[0], &u[0], 16)
		copy(gate[n:], g[:])
	}
}

//go:noescape
func sigmoid16NEON(dst, x *float32, n int)

func sigmoidNEON(dst, x []float32) {
	n := len(x) &^ 15
	if n > 0 {
		_ = dst[n-1]
		sigmoid16NEON(&dst[0], &x[0], n)
	}
	sigmoidGeneric(dst[n:], x[n:])
}

//go:noescape
func sumSquares8NEON(x *float32, n int) float32

//go:noescape
func mulNorm8NEON(dst, x, w *float32, n int, scale float32)

func rmsNormNEON(dst, x, w []float32, eps float32) {
	n := len(x)
	if n == 0 || n%8 != 0 {
		rmsNormGeneric(dst, x, w, eps)
		return
	}
	_, _ = dst[n-1], w[n-1]
	scale := rmsScale(sumSquares8NEON(&x[0], n), n, eps)
	mulNorm8NEON(&dst[0], &x[0], &w[0], n, scale)
}

//go:noescape
func rotate4NEON(x, cos, sin *float32, n int)

func rotateNEON(x, cos, sin []float32) {
	n := len(cos) &^ 3
	if n > 0 {
		_, _ = x[2*n-1], sin[n-1]
		rotate4NEON(&x[0], &cos[0], &sin[0], n)
	}
	rotateGeneric(x[2*n:], cos[n:], sin[n:])
}

//go:noescape
func rotateHalves8NEON(a, b, cos, sin *float32, n int)

func rotateHalvesNEON(a, b, cos, sin []float32) {
	n := len(cos) &^ 7
	if n > 0 {
		_, _, _ = a[n-1], b[n-1], sin[n-1]
		rotateHalves8NEON(&a[0], &b[0], &cos[0], &sin[0], n)
	}
	rotateHalvesGeneric(a[n:], b[n:], cos[n:], sin[n:])
}

//go:noescape
func widenQ8NEON(dst *[32 * BlockLen]float32, q *[32 * BlockLen]byte, scale *[BlockLen]float32)

func sumSquaresNEON(x []float32) float32 {
	if len(x) == 0 || len(x)%8 != 0 {
		return sumSquaresGeneric(x)
	}
	return sumSquares8NEON(&x[0], len(x))
}

//go:noescape
func mulAdd4NEON(args *mulAddArgs)

func mulAddNEON(dst []float32, w, x Mat, rows int) {
	n := len(dst) &^ 3
	if n > 0 {
		a := newMulAddArgs(dst, w, x, rows, n)
		mulAdd4NEON(&a)
	}
	mulAddGeneric(dst[n:], w.from(0, n), x.from(0, n), rows)
}

//go:noescape
func delta16NEON(args *deltaArgs)

func deltaNEON(d *DeltaRule) { d.rest(d.blocks(delta16NEON, 0, 16), gemmNEON, scaleByNEON) }
