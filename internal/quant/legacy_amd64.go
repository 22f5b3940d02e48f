//go:build !purego

package quant

// legacyKernels are the kernels of the formats of 2023. They differ from those of
// today's formats in the packing only.
var legacyKernels = map[Type][]kernel{
	Q4_0v1: {
		avx512x32(8, packQ4_0v1AVX512, tile32AVX512, directQ4_0v1AVX512, rowQ4_0v1AVX512),
		avxVNNIx32(8, packQ4_0v1AVXVNNI, tile32AVXVNNI, directQ4_0v1AVXVNNI, rowQ4_0v1AVXVNNI),
		avx2x32(8, packQ4_0v1AVX2, tile32AVX2, directQ4_0v1AVX2, rowQ4_0v1AVX2),
	},
	Q4_0v2: {
		avx512x32(8, packQ4_0v2AVX512, tile32AVX512, directQ4_0v2AVX512, rowQ4_0v2AVX512),
		avxVNNIx32(8, packQ4_0v2AVXVNNI, tile32AVXVNNI, directQ4_0v2AVXVNNI, rowQ4_0v2AVXVNNI),
		avx2x32(8, packQ4_0v2AVX2, tile32AVX2, directQ4_0v2AVX2, rowQ4_0v2AVX2),
	},
	Q4_1v1: {
		withMins(avx512x32(0, packQ4_1v1AVX512, tile32MinAVX512, directQ4_1v1AVX512, rowQ4_1v1AVX512)),
		withMins(avxVNNIx32(0, packQ4_1v1AVXVNNI, tile32MinAVXVNNI, directQ4_1v1AVXVNNI, rowQ4_1v1AVXVNNI)),
		withMins(avx2x32(0, packQ4_1v1AVX2, tile32MinAVX2, directQ4_1v1AVX2, rowQ4_1v1AVX2)),
	},
	Q4_1v2: {
		withMins(avx512x32(0, packQ4_1v2AVX512, tile32MinAVX512, directQ4_1v2AVX512, rowQ4_1v2AVX512)),
		withMins(avxVNNIx32(0, packQ4_1v2AVXVNNI, tile32MinAVXVNNI, directQ4_1v2AVXVNNI, rowQ4_1v2AVXVNNI)),
		withMins(avx2x32(0, packQ4_1v2AVX2, tile32MinAVX2, directQ4_1v2AVX2, rowQ4_1v2AVX2)),
	},
	Q5_0v1: {
		avx512x32(16, packQ5_0v1AVX512, tile32AVX512, directQ5_0v1AVX512, rowQ5_0v1AVX512),
		avxVNNIx32(16, packQ5_0v1AVXVNNI, tile32AVXVNNI, directQ5_0v1AVXVNNI, rowQ5_0v1AVXVNNI),
		avx2x32(16, packQ5_0v1AVX2, tile32AVX2, directQ5_0v1AVX2, rowQ5_0v1AVX2),
	},
	Q5_1v1: {kernelQ5_1(packQ5_1v1AVX2)},
	Q8_0v1: {
		avx512x32(128, packQ8_0v1AVX512, tile32AVX512, directQ8_0v1AVX512, rowQ8_0v1AVX512),
		avxVNNIx32(128, packQ8_0v1AVXVNNI, tile32AVXVNNI, directQ8_0v1AVXVNNI, rowQ8_0v1AVXVNNI),
		avx2x32(0, packQ8_0v1AVX2, tile32SignedAVX2, directQ8_0v1AVX2, rowQ8_0v1AVX2),
	},
}

// Shuffles of the bytes 0 and 1, or 2 and 3, of each four to words of their own.
var (
	words01 = [16]uint8{0, 255, 1, 255, 4, 255, 5, 255, 8, 255, 9, 255, 12, 255, 13, 255}
	words23 = [16]uint8{2, 255, 3, 255, 6, 255, 7, 255, 10, 255, 11, 255, 14, 255, 15, 255}
)
