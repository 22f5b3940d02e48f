//go:build !purego

package quant

// floatKernels are the kernels of the types that need no integers.
var floatKernels = map[Type][]kernel{
	F16: {
		{level: "avx512vnni", rows: 8, blockLen: 8, panelBytes: 256, maxBlocks: 128, lanes: 8,
			pack: packF16AVX512, tile: tileFloatAVX512, direct: directF16AVX512, directTokens: 1},
		{level: "avx2", rows: 4, blockLen: 8, panelBytes: 128, maxBlocks: 128, lanes: 8,
			pack: packF16AVX2, tile: tileFloatAVX2, direct: directF16AVX2, directTokens: 1},
	},
	BF16: {
		{level: "avx512vnni", rows: 8, blockLen: 8, panelBytes: 256, maxBlocks: 128, lanes: 8,
			pack: packBF16AVX512, tile: tileFloatAVX512, direct: directBF16AVX512, directTokens: 1},
		{level: "avx2", rows: 4, blockLen: 8, panelBytes: 128, maxBlocks: 128, lanes: 8,
			pack: packBF16AVX2, tile: tileFloatAVX2, direct: directBF16AVX2, directTokens: 1},
	},
	F32: {
		{level: "avx512vnni", rows: 8, blockLen: 8, panelBytes: 256, maxBlocks: 128, lanes: 8,
			pack: packF32AVX512, tile: tileFloatAVX512, direct: directF32AVX512, directTokens: 1},
		{level: "avx2", rows: 4, blockLen: 8, panelBytes: 128, maxBlocks: 128, lanes: 8,
			pack: packF32AVX2, tile: tileFloatAVX2, direct: directF32AVX2, directTokens: 1},
	},
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
func directF16AVX512(t *tileArgs)

//go:noescape
func directBF16AVX512(t *tileArgs)

//go:noescape
func directF32AVX512(t *tileArgs)

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
