//go:build !purego

package sgemm

// kernelTable lists the kernels, best first.
var kernelTable = []kernel{
	avx512,
	{level: "avx2", rows: 6, cols: 16, tile: tileAVX2, transpose: transposeAVX2,
		few: fewAVX2, copyPanels: copyPanelsAVX2, interleave: interleaveAVX2},
}

//go:noescape
func tile6x16AVX2(a *args)

func tileAVX2(a *args) {
	a.check(6, 16)
	tile6x16AVX2(a)
}

// check panics unless all elements of the operands exist, because assembly does not check.
func (a *args) check(rows, cols int) {
	if a.k > 0 {
		_ = a.c[(rows-1)*a.cStride+min(cols, a.cols)-1]
		_ = a.a[(rows-1)*a.row+(a.k-1)*a.col]
		_ = a.b[a.k*cols-1]
	}
}

// fewAVX2 has functions for tiles of 1 to 5 rows.
var fewAVX2 = []func(a *args){nil,
	func(a *args) { a.check(1, 16); tile1x16AVX2(a) },
	func(a *args) { a.check(2, 16); tile2x16AVX2(a) },
	func(a *args) { a.check(3, 16); tile3x16AVX2(a) },
	func(a *args) { a.check(4, 16); tile4x16AVX2(a) },
	func(a *args) { a.check(5, 16); tile5x16AVX2(a) },
}

//go:noescape
func tile1x16AVX2(a *args)

//go:noescape
func tile2x16AVX2(a *args)

//go:noescape
func tile3x16AVX2(a *args)

//go:noescape
func tile4x16AVX2(a *args)

//go:noescape
func tile5x16AVX2(a *args)

//go:noescape
func copy16AVX2(dst, src *float32, srcStride, n int)

func copyPanelsAVX2(dst, src []float32, stride, n, panels int) {
	for t := range panels {
		if n > 0 {
			_, _ = dst[(t+1)*n*16-1], src[(n-1)*stride+t*16+15]
			copy16AVX2(&dst[t*n*16], &src[t*16], stride, n)
		}
	}
}

//go:noescape
func interleave6AVX2(dst *float32, dstStride int, src *float32, srcStride, n, tiles int)

func interleaveAVX2(dst []float32, dstStride int, src []float32, stride, n, tiles int) {
	if n > 0 && tiles > 0 {
		_, _ = dst[(tiles-1)*dstStride+n*6-1], src[(n-1)*stride+tiles*6-1]
		interleave6AVX2(&dst[0], dstStride, &src[0], stride, n, tiles)
	}
}

//go:noescape
func transpose8AVX2(dst *float32, dstStride int, src *float32, srcStride int, n int)

// transposeAVX2 does what transposeGeneric does.
func transposeAVX2(dst []float32, width int, src []float32, stride, n, cols int) {
	whole, done := n&^7, 0
	if whole > 0 {
		for ; done+8 <= cols; done += 8 {
			_, _ = dst[(whole-1)*width+done+7], src[(done+7)*stride+whole-1]
			transpose8AVX2(&dst[done], width, &src[done*stride], stride, whole)
		}
	}
	if done < cols && whole > 0 {
		transposeGeneric(dst[done:], width, src[done*stride:], stride, whole, cols-done)
	}
	if whole < n {
		transposeGeneric(dst[whole*width:], width, src[whole:], stride, n-whole, cols)
	}
}
