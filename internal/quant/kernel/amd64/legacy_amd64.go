//go:build !purego

package amd64

import (
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// legacyKernels are the kernels of the formats of 2023. Only their packing differs from that of
// today's formats. Q4_2 and Q4_3 share a tile with NVFP4.
var legacyKernels = kernel.Table{
	quant.Q4_0v1: {
		avx512x32(8, funcs{pack: packQ4_0v1AVX512, tile: tile32AVX512, direct: directQ4_0v1AVX512, row: rowQ4_0v1AVX512}),
		avxVNNIx32(8, funcs{pack: packQ4_0v1AVXVNNI, tile: tile32AVXVNNI, direct: directQ4_0v1AVXVNNI, row: rowQ4_0v1AVXVNNI}),
		avx2x32(8, funcs{pack: packQ4_0v1AVX2, tile: tile32AVX2, direct: directQ4_0v1AVX2, row: rowQ4_0v1AVX2}),
	},
	quant.Q4_0v2: {
		avx512x32(8, funcs{pack: packQ4_0v2AVX512, tile: tile32AVX512, direct: directQ4_0v2AVX512, row: rowQ4_0v2AVX512}),
		avxVNNIx32(8, funcs{pack: packQ4_0v2AVXVNNI, tile: tile32AVXVNNI, direct: directQ4_0v2AVXVNNI, row: rowQ4_0v2AVXVNNI}),
		avx2x32(8, funcs{pack: packQ4_0v2AVX2, tile: tile32AVX2, direct: directQ4_0v2AVX2, row: rowQ4_0v2AVX2}),
	},
	quant.Q4_1v1: {
		withMins(avx512x32(0, funcs{pack: packQ4_1v1AVX512, tile: tile32MinAVX512, direct: directQ4_1v1AVX512, row: rowQ4_1v1AVX512})),
		withMins(avxVNNIx32(0, funcs{pack: packQ4_1v1AVXVNNI, tile: tile32MinAVXVNNI, direct: directQ4_1v1AVXVNNI, row: rowQ4_1v1AVXVNNI})),
		withMins(avx2x32(0, funcs{pack: packQ4_1v1AVX2, tile: tile32MinAVX2, direct: directQ4_1v1AVX2, row: rowQ4_1v1AVX2})),
	},
	quant.Q4_1v2: {
		withMins(avx512x32(0, funcs{pack: packQ4_1v2AVX512, tile: tile32MinAVX512, direct: directQ4_1v2AVX512, row: rowQ4_1v2AVX512})),
		withMins(avxVNNIx32(0, funcs{pack: packQ4_1v2AVXVNNI, tile: tile32MinAVXVNNI, direct: directQ4_1v2AVXVNNI, row: rowQ4_1v2AVXVNNI})),
		withMins(avx2x32(0, funcs{pack: packQ4_1v2AVX2, tile: tile32MinAVX2, direct: directQ4_1v2AVX2, row: rowQ4_1v2AVX2})),
	},
	quant.Q5_0v1: {
		avx512x32(16, funcs{pack: packQ5_0v1AVX512, tile: tile32AVX512, direct: directQ5_0v1AVX512, row: rowQ5_0v1AVX512}),
		avxVNNIx32(16, funcs{pack: packQ5_0v1AVXVNNI, tile: tile32AVXVNNI, direct: directQ5_0v1AVXVNNI, row: rowQ5_0v1AVXVNNI}),
		avx2x32(16, funcs{pack: packQ5_0v1AVX2, tile: tile32AVX2, direct: directQ5_0v1AVX2, row: rowQ5_0v1AVX2}),
	},
	quant.Q4_2:   {avx2x16(32, 10, 8, funcs{pack: packQ4_2AVX2, tile: tile16AVX2, row: rowQ4_2AVX2})},
	quant.Q4_3:   {avx2x16(32, 12, 0, funcs{pack: packQ4_3AVX2, tile: tile16MinAVX2, row: rowQ4_3AVX2})},
	quant.Q5_1v1: {kernelQ5_1(packQ5_1v1AVX2)},
	quant.Q8_0v1: {
		avx512x32(128, funcs{pack: packQ8_0v1AVX512, tile: tile32AVX512, direct: directQ8_0v1AVX512, row: rowQ8_0v1AVX512}),
		avxVNNIx32(128, funcs{pack: packQ8_0v1AVXVNNI, tile: tile32AVXVNNI, direct: directQ8_0v1AVXVNNI, row: rowQ8_0v1AVXVNNI}),
		avx2x32(0, funcs{pack: packQ8_0v1AVX2, tile: tile32SignedAVX2, direct: directQ8_0v1AVX2, row: rowQ8_0v1AVX2}),
	},
}

// Shuffles that extend the bytes 0 and 1, or 2 and 3, of each four to words.
var (
	words01 = [16]uint8{0, 255, 1, 255, 4, 255, 5, 255, 8, 255, 9, 255, 12, 255, 13, 255}
	words23 = [16]uint8{2, 255, 3, 255, 6, 255, 7, 255, 10, 255, 11, 255, 14, 255, 15, 255}
)
