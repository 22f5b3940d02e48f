//go:build !purego

package quant

// intKernels are the kernels of the integer formats.
var intKernels = map[Type][]kernel{
	Q4_0:   {avx512x32(8, packQ4_0AVX512, tile32AVX512, directQ4_0AVX512)},
	Q4_1:   {avx512x32Min(packQ4_1AVX512, tile32MinAVX512, directQ4_1AVX512)},
	Q5_0:   {avx512x32(16, packQ5_0AVX512, tile32AVX512, directQ5_0AVX512)},
	Q5_1:   {avx512x32Min(packQ5_1AVX512, tile32MinAVX512, directQ5_1AVX512)},
	Q8_0:   {avx512x32(128, packQ8_0AVX512, tile32AVX512, directQ8_0AVX512)},
	IQ4_NL: {avx512x32(128, packIQ4_NLAVX512, tile32AVX512, directIQ4_NLAVX512)},
}

type (
	packFunc func(panel, w *byte, stride, nb int)
	tileFunc func(t *tileArgs)
)

// avx512x32 is a kernel of a 32-wide format, whose weights are unsigned after
// adding offset.
func avx512x32(offset int, pack packFunc, tile, direct tileFunc) kernel {
	return kernel{level: "avx512vnni", rows: 32, blockLen: 32, panelBytes: 32 * (32 + 4), maxBlocks: 32, lanes: 1,
		offset: offset, pack: pack, tile: tile, direct: direct, directTokens: 8}
}

// avx512x32Min is a kernel of a 32-wide format with minima.
func avx512x32Min(pack packFunc, tile, direct tileFunc) kernel {
	k := avx512x32(0, pack, tile, direct)
	k.panelBytes += 32 * 4
	return k
}

// Constants of the packing, see unpack32_amd64.h.
var (
	lowNibbles uint32 = 0x0f0f0f0f
	signBits   uint32 = 0x80808080
	bits0123   uint32 = 0x08040201
	// byte0 spreads the first byte of each four over them, as a shuffle.
	byte0 = [16]uint8{0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12}
	// bitTo16 maps one of bits0123 to 16.
	bitTo16 = [16]uint8{1: 16, 2: 16, 4: 16, 8: 16}
	// iq4Unsigned is iq4Values + 128.
	iq4Unsigned = [16]uint8{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}
)
