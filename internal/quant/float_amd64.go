//go:build !purego

package quant

import "unsafe"

// floatKernels are the kernels of the types that need no integers. A panel of 64 steps of 8
// rows, or 128 of 4, and the activations of the tokens of a tile are 28 KB: they stay in the
// first cache.
var floatKernels = map[Type][]kernel{
	F16: {
		{level: "avx512vnni", rows: 8, blockLen: 8, panelBytes: 256, maxBlocks: 64, lanes: 8,
			pack: packF16AVX512, tile: tileFloatAVX512, sum: sumLanes, direct: inFours(directF16AVX2), directTokens: 1, quad: inStreams(directF16AVX2), quadBlocks: 1},
		{level: "avx2", rows: 4, blockLen: 8, panelBytes: 128, maxBlocks: 128, lanes: 8,
			pack: packF16AVX2, tile: tileFloatAVX2, sum: sumLanes, direct: directF16AVX2, directTokens: 1, quad: inStreams(directF16AVX2), quadBlocks: 1},
	},
	BF16: {
		{level: "avx512vnni", rows: 8, blockLen: 8, panelBytes: 256, maxBlocks: 64, lanes: 8,
			pack: packBF16AVX512, tile: tileFloatAVX512, sum: sumLanes, direct: inFours(directBF16AVX2), directTokens: 1, quad: inStreams(directBF16AVX2), quadBlocks: 1},
		{level: "avx2", rows: 4, blockLen: 8, panelBytes: 128, maxBlocks: 128, lanes: 8,
			pack: packBF16AVX2, tile: tileFloatAVX2, sum: sumLanes, direct: directBF16AVX2, directTokens: 1, quad: inStreams(directBF16AVX2), quadBlocks: 1},
	},
	F32: {
		{level: "avx512vnni", rows: 8, blockLen: 8, panelBytes: 256, maxBlocks: 64, lanes: 8,
			pack: packF32AVX512, tile: tileFloatAVX512, sum: sumLanes, direct: inFours(directF32AVX2), directTokens: 1, quad: inStreams(directF32AVX2), quadBlocks: 1},
		{level: "avx2", rows: 4, blockLen: 8, panelBytes: 128, maxBlocks: 128, lanes: 8,
			pack: packF32AVX2, tile: tileFloatAVX2, sum: sumLanes, direct: directF32AVX2, directTokens: 1, quad: inStreams(directF32AVX2), quadBlocks: 1},
	},
}

// inFours returns a kernel of 8 rows made of one of 4.
func inFours(direct func(t *tileArgs)) func(t *tileArgs) {
	return func(t *tileArgs) {
		direct(t)
		t.w = (*byte)(unsafe.Add(unsafe.Pointer(t.w), 4*t.wStride))
		t.acc = (*float32)(unsafe.Add(unsafe.Pointer(t.acc), 4*8*4)) // 8 lanes a row
		direct(t)
	}
}

// inStreams returns a kernel for four streams of rows made of one for four rows.
func inStreams(direct func(t *tileArgs)) func(t *tileArgs) {
	return func(t *tileArgs) {
		apart := t.accStride / 4
		out := unsafe.Slice(t.acc, 3*apart+t.rows)
		lanes := (*[4][8]float32)(unsafe.Pointer(t.panel))
		t.acc = &lanes[0][0]
		for i := range t.rows {
			*lanes = [4][8]float32{}
			direct(t)
			for j := range lanes {
				out[j*apart+i] = sum8(&lanes[j])
			}
			t.w = (*byte)(unsafe.Add(unsafe.Pointer(t.w), t.rowBytes))
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

// sumLanes is sumLanesGeneric for a multiple of four sums, with AVX2: only its kernels
// have lanes to add.
func sumLanes(dst, acc []float32) {
	_ = acc[8*len(dst)-1]
	sumLanes4AVX2(&dst[0], &acc[0], len(dst))
}
