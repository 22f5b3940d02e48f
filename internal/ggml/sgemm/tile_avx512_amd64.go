//go:build !purego

package sgemm

// avx512 is the kernel for AVX-512. A tile has 12 rows of two vectors.
// Its 24 chains leave enough registers for two vectors of b.
var avx512 = kernel{level: "avx512vnni", rows: 12, cols: 32, tile: func(a *args) { a.tileAVX512(12) }, transpose: transposeAVX2,
	few: fewAVX512(), masked: true, copyPanels: copyPanelsAVX512, interleave: interleaveAVX512}

// tilesAVX512[n] computes a tile of n rows. narrowAVX512[n] does so for up to 16 columns.
var (
	tilesAVX512 = [13]func(a *args){nil, tile1x32AVX512, tile2x32AVX512, tile3x32AVX512, tile4x32AVX512, tile5x32AVX512, tile6x32AVX512,
		tile7x32AVX512, tile8x32AVX512, tile9x32AVX512, tile10x32AVX512, tile11x32AVX512, tile12x32AVX512}
	narrowAVX512 = [13]func(a *args){nil, tile1x16AVX512, tile2x16AVX512, tile3x16AVX512, tile4x16AVX512, tile5x16AVX512, tile6x16AVX512,
		tile7x16AVX512, tile8x16AVX512, tile9x16AVX512, tile10x16AVX512, tile11x16AVX512, tile12x16AVX512}
)

// tileAVX512 computes a tile with the given number of rows.
func (a *args) tileAVX512(rows int) {
	a.check(rows, 32)
	if a.cols > 16 {
		tilesAVX512[rows](a)
	} else {
		narrowAVX512[rows](a)
	}
}

// fewAVX512 returns functions for tiles of 1 to 11 rows.
func fewAVX512() []func(a *args) {
	few := make([]func(a *args), 12)
	for n := range few {
		few[n] = func(a *args) { a.tileAVX512(n) }
	}
	return few
}

//go:noescape
func tile1x32AVX512(a *args)

//go:noescape
func tile2x32AVX512(a *args)

//go:noescape
func tile3x32AVX512(a *args)

//go:noescape
func tile4x32AVX512(a *args)

//go:noescape
func tile5x32AVX512(a *args)

//go:noescape
func tile6x32AVX512(a *args)

//go:noescape
func tile7x32AVX512(a *args)

//go:noescape
func tile8x32AVX512(a *args)

//go:noescape
func tile9x32AVX512(a *args)

//go:noescape
func tile10x32AVX512(a *args)

//go:noescape
func tile11x32AVX512(a *args)

//go:noescape
func tile12x32AVX512(a *args)

//go:noescape
func tile1x16AVX512(a *args)

//go:noescape
func tile2x16AVX512(a *args)

//go:noescape
func tile3x16AVX512(a *args)

//go:noescape
func tile4x16AVX512(a *args)

//go:noescape
func tile5x16AVX512(a *args)

//go:noescape
func tile6x16AVX512(a *args)

//go:noescape
func tile7x16AVX512(a *args)

//go:noescape
func tile8x16AVX512(a *args)

//go:noescape
func tile9x16AVX512(a *args)

//go:noescape
func tile10x16AVX512(a *args)

//go:noescape
func tile11x16AVX512(a *args)

//go:noescape
func tile12x16AVX512(a *args)

//go:noescape
func copy32AVX512(dst *float32, dstStride int, src *float32, srcStride, n, panels int)

func copyPanelsAVX512(dst, src []float32, stride, n, panels int) {
	if n > 0 && panels > 0 {
		_, _ = dst[panels*n*32-1], src[(n-1)*stride+panels*32-1]
		copy32AVX512(&dst[0], n*32, &src[0], stride, n, panels)
	}
}

//go:noescape
func interleave12AVX512(dst *float32, dstStride int, src *float32, srcStride, n, tiles int)

func interleaveAVX512(dst []float32, dstStride int, src []float32, stride, n, tiles int) {
	if n > 0 && tiles > 0 {
		_, _ = dst[(tiles-1)*dstStride+n*12-1], src[(n-1)*stride+tiles*12-1]
		interleave12AVX512(&dst[0], dstStride, &src[0], stride, n, tiles)
	}
}
