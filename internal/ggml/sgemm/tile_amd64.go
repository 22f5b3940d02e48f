//go:build !purego

package sgemm

// kernelTable lists the kernels, best first.
var kernelTable = []kernel{
	{level: "avx512vnni", rows: 16, cols: 64, tile: tileGemm(16, 64), transpose: transposeAVX2, rowMajor: true},
	{level: "avx2", rows: 6, cols: 16, tile: tileAVX2, transpose: transposeAVX2},
}

//go:noescape
func tile6x16AVX2(a *args)

func tileAVX2(a *args) {
	a.check(6, 16)
	tile6x16AVX2(a)
}

// check panics unless all elements are there, since assembly does not look.
func (a *args) check(rows, cols int) {
	if a.k > 0 {
		_ = a.c[(rows-1)*a.cStride+cols-1]
		_ = a.a[(rows-1)*a.row+(a.k-1)*a.col]
		_ = a.b[a.k*cols-1]
	}
}

//go:noescape
func transpose8AVX2(dst *float32, dstStride int, src *float32, srcStride int, n int)

// transposeAVX2 is transposeGeneric.
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
