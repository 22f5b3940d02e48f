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

	Q2_K:   {avx512x256(90, packQ2_KAVX512, tile16x16MinAVX512, directQ2_KAVX512)},
	Q3_K:   {avx512x256(90, packQ3_KAVX512, tile16x16AVX512, directQ3_KAVX512)},
	Q4_K:   {avx512x256(82, packQ4_KAVX512, tile8x32MinAVX512, directQ4_KAVX512)},
	Q5_K:   {avx512x256(82, packQ5_KAVX512, tile8x32MinAVX512, directQ5_KAVX512)},
	Q6_K:   {avx512x256(90, packQ6_KAVX512, tile16x16AVX512, directQ6_KAVX512)},
	IQ4_XS: {avx512x256(82, packIQ4_XSAVX512, tile8x32AVX512, directIQ4_XSAVX512)},
	TQ2_0:  {avx512x256(90, packTQ2_0AVX512, tile16x16AVX512, directTQ2_0AVX512)},
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

// avx512x256 is a kernel of a 256-wide format whose super-blocks are vectors in a
// panel of 16 rows.
func avx512x256(vectors int, pack packFunc, tile, direct tileFunc) kernel {
	return kernel{level: "avx512vnni", rows: 32, blockLen: 256, panelBytes: vectors * 2 * 64, maxBlocks: 2, lanes: 1,
		pack: pack, tile: tile, direct: direct, directTokens: 8}
}

// Constants of the packing, see unpack32_amd64.h.
var (
	lowNibbles uint32 = 0x0f0f0f0f
	signBits   uint32 = 0x80808080
	bits0123   uint32 = 0x08040201
	twoBits    uint32 = 0x03030303
	lowSix     uint32 = 0x3f3f3f3f
	bits45     uint32 = 0x30303030
	bit2       uint32 = 0x04040404
	bit4       uint32 = 0x10101010
	bit5       uint32 = 0x20202020
	evenBits45 uint32 = 0x00300030
	ones8      uint32 = 0x01010101
	// bytes00 and bytes01 shuffle bytes of each four to the high halves of int16.
	bytes00 = [16]uint8{255, 0, 255, 0, 255, 4, 255, 4, 255, 8, 255, 8, 255, 12, 255, 12}
	bytes01 = [16]uint8{255, 0, 255, 1, 255, 4, 255, 5, 255, 8, 255, 9, 255, 12, 255, 13}
	// bytes2233 spreads the upper two bytes of each four.
	bytes2233 = [16]uint8{2, 2, 3, 3, 6, 6, 7, 7, 10, 10, 11, 11, 14, 14, 15, 15}
	// byte0 spreads the first byte of each four over them, as a shuffle.
	byte0 = [16]uint8{0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12}
	// bitTo16 maps one of bits0123 to 16.
	bitTo16 = [16]uint8{1: 16, 2: 16, 4: 16, 8: 16}
	// iq4Unsigned is iq4Values + 128.
	iq4Unsigned = [16]uint8{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}
)
