//go:build !purego

package amd64

import (
	"unsafe"

	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// floatKernels are the kernels of the float types. A step is 8 columns of
// each row of a panel. A panel has at most 64 steps of 8 rows, or 128 steps
// of 4 rows. The panel and the activations of the tokens that are multiplied
// at once take 28 KB together, so they stay in the first-level cache.
var floatKernels = kernel.Table{
	quant.F16: {
		{Level: "avx512vnni", Rows: 8, BlockLen: 8, PanelBytes: 256, MaxBlocks: 64, Lanes: 8,
			Pack: packF16AVX512, Tile: tileFloatAVX512, Sum: sumLanes, Direct: inFours(directF16AVX2), DirectTokens: 1, Quad: inStreams(directF16AVX2), QuadBlocks: 1},
		{Level: "avx2", Rows: 4, BlockLen: 8, PanelBytes: 128, MaxBlocks: 128, Lanes: 8,
			Pack: packF16AVX2, Tile: tileFloatAVX2, Sum: sumLanes, Direct: directF16AVX2, DirectTokens: 1, Quad: inStreams(directF16AVX2), QuadBlocks: 1},
	},
	quant.BF16: {
		{Level: "avx512vnni", Rows: 8, BlockLen: 8, PanelBytes: 256, MaxBlocks: 64, Lanes: 8,
			Pack: packBF16AVX512, Tile: tileFloatAVX512, Sum: sumLanes, Direct: inFours(directBF16AVX2), DirectTokens: 1, Quad: inStreams(directBF16AVX2), QuadBlocks: 1},
		{Level: "avx2", Rows: 4, BlockLen: 8, PanelBytes: 128, MaxBlocks: 128, Lanes: 8,
			Pack: packBF16AVX2, Tile: tileFloatAVX2, Sum: sumLanes, Direct: directBF16AVX2, DirectTokens: 1, Quad: inStreams(directBF16AVX2), QuadBlocks: 1},
	},
	quant.F32: {
		{Level: "avx512vnni", Rows: 8, BlockLen: 8, PanelBytes: 256, MaxBlocks: 64, Lanes: 8,
			Pack: packF32AVX512, Tile: tileFloatAVX512, Sum: sumLanes, Direct: inFours(directF32AVX2), DirectTokens: 1, Quad: inStreams(directF32AVX2), QuadBlocks: 1},
		{Level: "avx2", Rows: 4, BlockLen: 8, PanelBytes: 128, MaxBlocks: 128, Lanes: 8,
			Pack: packF32AVX2, Tile: tileFloatAVX2, Sum: sumLanes, Direct: directF32AVX2, DirectTokens: 1, Quad: inStreams(directF32AVX2), QuadBlocks: 1},
	},
}

// inFours makes a function for 8 rows from a function for 4 rows.
func inFours(direct func(t *tileArgs)) func(t *tileArgs) {
	return func(t *tileArgs) {
		direct(t)
		t.W = (*byte)(unsafe.Add(unsafe.Pointer(t.W), 4*t.WStride))
		t.Acc = (*float32)(unsafe.Add(unsafe.Pointer(t.Acc), 4*8*4)) // 4 rows of 8 lanes
		direct(t)
	}
}

// inStreams makes a function for four streams of rows
// from a function for four rows, one of each stream.
func inStreams(direct func(t *tileArgs)) func(t *tileArgs) {
	return func(t *tileArgs) {
		apart := t.AccStride / 4
		out := unsafe.Slice(t.Acc, 3*apart+t.Rows)
		lanes := (*[4][8]float32)(unsafe.Pointer(t.Panel))
		t.Acc = &lanes[0][0]
		for i := range t.Rows {
			*lanes = [4][8]float32{}
			direct(t)
			for j := range lanes {
				out[j*apart+i] = kernel.Sum8(&lanes[j])
			}
			t.W = (*byte)(unsafe.Add(unsafe.Pointer(t.W), t.RowBytes))
		}
	}
}

//go:noescape
func packF16AVX512(panel, w *byte, stride, nb int)

//go:noescape
func packBF16AVX512(panel, w *byte, stride, nb int)

//go:noescape
func packF32AVX512(panel, w *byte, stride, nb int)

//go:noescape
func tileFloatAVX512(t *tileArgs)

//go:noescape
func packF16AVX2(panel, w *byte, stride, nb int)

//go:noescape
func packBF16AVX2(panel, w *byte, stride, nb int)

//go:noescape
func packF32AVX2(panel, w *byte, stride, nb int)

//go:noescape
func tileFloatAVX2(t *tileArgs)

//go:noescape
func directF16AVX2(t *tileArgs)

//go:noescape
func directBF16AVX2(t *tileArgs)

//go:noescape
func directF32AVX2(t *tileArgs)

//go:noescape
func sumLanes4AVX2(dst, acc *float32, n int)

// sumLanes does what kernel.SumLanes does, with AVX2. len(dst) must be a multiple of four.
func sumLanes(dst, acc []float32) {
	_ = acc[8*len(dst)-1]
	sumLanes4AVX2(&dst[0], &acc[0], len(dst))
}
