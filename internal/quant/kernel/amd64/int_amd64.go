//go:build !purego

package amd64

import (
	"embed"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codebook"
	"alpaca/internal/quant/kernel"
)

// Table lists each type's kernels, best first.
var Table = kernel.Merge(floatKernels, intKernels, iqKernels, legacyKernels)

// tileArgs is the name under which assembly finds the fields of Args (go_asm.h).
type tileArgs = kernel.Args

// headers are the files that the assembly includes. Go compiles a package
// again only if a file in its own folder or an embedded file changes, so the
// headers are embedded. Nothing reads this variable, so the linker omits it.
//
//go:embed parts templates
var headers embed.FS

// intKernels are the kernels of the integer formats.
//
// The preprocessor puts their assembly together from the files in parts, so that each fact is
// written once for all instruction sets:
//
//	rows_*.h    how vectors are filled so that their lanes are rows
//	unpack*.h   how each format's blocks become bytes and scales
//	dot_*.h     how bytes are multiplied and added
//	fetch_*.h   prefetching
//
// The files in templates make four functions from these parts. Each function has three versions:
// for formats with a scale for each 16 weights, with blocks of 32, and with blocks of 256.
//
//	pack           makes a panel
//	tile16/32/256  multiplies a panel with any number of tokens
//	direct...      multiplies rows with a few tokens, see also few_amd64.go
//	row...         multiplies rows with one token
//
// Some formats have a faster function quad... in addition to row... (see quads_amd64.h).
//
// The files int*.s list the parts of each kernel.
var intKernels = kernel.Table{
	quant.Q4_0: {
		inQuads(fewAVX512(avx512x32(8, funcs{pack: packQ4_0AVX512, tile: tile32AVX512, row: rowQ4_0AVX512}), directQ4_0AVX512, twoQ4_0AVX512, fourQ4_0AVX512, sixQ4_0AVX512, eightQ4_0AVX512), quadQ4_0AVX512),
		inQuads(avxVNNIx32(8, funcs{pack: packQ4_0AVXVNNI, tile: tile32AVXVNNI, direct: directQ4_0AVXVNNI, row: rowQ4_0AVXVNNI}), quadQ4_0AVX2),
		inQuads(few(avx2x32(8, funcs{pack: packQ4_0AVX2, tile: tile32AVX2, direct: upTo(3, pairQ4_0AVX2, directQ4_0AVX2), row: rowQ4_0AVX2}), 24), quadQ4_0AVX2),
	},
	quant.Q4_1: {
		withMins(fewAVX512(avx512x32(0, funcs{pack: packQ4_1AVX512, tile: tile32MinAVX512, row: rowQ4_1AVX512}), directQ4_1AVX512, twoQ4_1AVX512, fourQ4_1AVX512, sixQ4_1AVX512, eightQ4_1AVX512)),
		inQuads(withMins(avxVNNIx32(0, funcs{pack: packQ4_1AVXVNNI, tile: tile32MinAVXVNNI, direct: directQ4_1AVXVNNI, row: rowQ4_1AVXVNNI})), quadQ4_1AVX2),
		inQuads(few(withMins(avx2x32(0, funcs{pack: packQ4_1AVX2, tile: tile32MinAVX2, direct: upTo(2, pairQ4_1AVX2, directQ4_1AVX2), row: rowQ4_1AVX2})), 24), quadQ4_1AVX2),
	},
	quant.Q5_0: {
		fewAVX512(avx512x32(16, funcs{pack: packQ5_0AVX512, tile: tile32AVX512, row: rowQ5_0AVX512}), directQ5_0AVX512, twoQ5_0AVX512, fourQ5_0AVX512, sixQ5_0AVX512, eightQ5_0AVX512),
		inQuads(avxVNNIx32(16, funcs{pack: packQ5_0AVXVNNI, tile: tile32AVXVNNI, direct: directQ5_0AVXVNNI, row: rowQ5_0AVXVNNI}), quadQ5_0AVX2),
		inQuads(avx2x32(16, funcs{pack: packQ5_0AVX2, tile: tile32AVX2, direct: directQ5_0AVX2, row: rowQ5_0AVX2}), quadQ5_0AVX2),
	},
	quant.Q5_1: {inQuads(kernelQ5_1(packQ5_1AVX2), quadQ5_1AVX2)},
	quant.Q8_0: {
		inQuads(fewAVX512(avx512x32(128, funcs{pack: packQ8_0AVX512, tile: tile32AVX512, row: rowQ8_0AVX512}), directQ8_0AVX512, twoQ8_0AVX512, fourQ8_0AVX512, sixQ8_0AVX512, eightQ8_0AVX512), quadQ8_0AVX2),
		inQuads(avxVNNIx32(128, funcs{pack: packQ8_0AVXVNNI, tile: tile32AVXVNNI, direct: directQ8_0AVXVNNI, row: rowQ8_0AVXVNNI}), quadQ8_0AVX2),
		inQuads(few(avx2x32(0, funcs{pack: packQ8_0AVX2, tile: tile32SignedAVX2, direct: upTo(2, pairQ8_0AVX2, directQ8_0AVX2), row: rowQ8_0AVX2}), kernel.GroupTokens), quadQ8_0AVX2),
	},
	quant.IQ4_NL: {
		inQuads(fewAVX512(avx512x32(128, funcs{pack: packIQ4_NLAVX512, tile: tile32AVX512, row: rowIQ4_NLAVX512}), directIQ4_NLAVX512, twoIQ4_NLAVX512, fourIQ4_NLAVX512, sixIQ4_NLAVX512, eightIQ4_NLAVX512), quadIQ4_NLAVX512),
		inQuads(avxVNNIx32(128, funcs{pack: packIQ4_NLAVXVNNI, tile: tile32AVXVNNI, direct: directIQ4_NLAVXVNNI, row: rowIQ4_NLAVXVNNI}), quadIQ4_NLAVX2),
		inQuads(avx2x32(0, funcs{pack: packIQ4_NLAVX2, tile: tile32SignedAVX2, direct: directIQ4_NLAVX2, row: rowIQ4_NLAVX2}), quadIQ4_NLAVX2),
	},
	quant.MXFP4: {
		fewAVX512(avx512x32(12, funcs{pack: packMXFP4AVX512, tile: tile32AVX512, row: rowMXFP4AVX512}), directMXFP4AVX512, twoMXFP4AVX512, fourMXFP4AVX512, sixMXFP4AVX512, eightMXFP4AVX512),
		inQuads(avxVNNIx32(12, funcs{pack: packMXFP4AVXVNNI, tile: tile32AVXVNNI, direct: directMXFP4AVXVNNI, row: rowMXFP4AVXVNNI}), quadMXFP4AVX2),
		inQuads(avx2x32(12, funcs{pack: packMXFP4AVX2, tile: tile32AVX2, direct: directMXFP4AVX2, row: rowMXFP4AVX2}), quadMXFP4AVX2),
	},
	quant.NVFP4: {avx2x16(64, 20, 12, funcs{pack: packNVFP4AVX2, tile: tile16AVX2, row: rowNVFP4AVX2})},

	quant.Q2_K: {
		avx512x256(quant.Q2_K, 90, funcs{pack: packQ2_KAVX512, tile: tile16x16MinAVX512, row: rowQ2_KAVX512}, packOneQ2_KAVX512, 16, twoQ2_KAVX512, fourQ2_KAVX512, sixQ2_KAVX512, eightQ2_KAVX512),
		inQuads(avxVNNIx256(90, funcs{pack: packQ2_KAVXVNNI, tile: tile16x16MinAVXVNNI, direct: directQ2_KAVXVNNI, row: rowQ2_KAVX2}), quadQ2_KAVX2),
		inQuads(avx2x256(90, funcs{pack: packQ2_KAVX2, tile: tile16x16MinAVX2, direct: directQ2_KAVX2, row: rowQ2_KAVX2}), quadQ2_KAVX2),
	},
	quant.Q3_K: {
		avx512x256(quant.Q3_K, 90, funcs{pack: packQ3_KAVX512, tile: tile16x16AVX512, row: rowQ3_KAVX512}, packOneQ3_KAVX512, 8, twoQ3_KAVX512, fourQ3_KAVX512, sixQ3_KAVX512, eightQ3_KAVX512),
		inQuads(avxVNNIx256(90, funcs{pack: packQ3_KAVXVNNI, tile: tile16x16AVXVNNI, direct: directQ3_KAVXVNNI, row: rowQ3_KAVX2}), quadQ3_KAVX2),
		inQuads(avx2x256(90, funcs{pack: packQ3_KAVX2, tile: tile16x16AVX2, direct: directQ3_KAVX2, row: rowQ3_KAVX2}), quadQ3_KAVX2),
	},
	quant.Q4_K: {
		inQuads(avx512x256(quant.Q4_K, 82, funcs{pack: packQ4_KAVX512, tile: tile8x32MinAVX512, row: rowQ4_KAVX512}, packOneQ4_KAVX512, 16, twoQ4_KAVX512, fourQ4_KAVX512, sixQ4_KAVX512, eightQ4_KAVX512), quadQ4_KAVX512),
		inQuads(avxVNNIx256(82, funcs{pack: packQ4_KAVXVNNI, tile: tile8x32MinAVXVNNI, direct: directQ4_KAVXVNNI, row: rowQ4_KAVX2}), quadQ4_KAVX2),
		inQuads(avx2x256(82, funcs{pack: packQ4_KAVX2, tile: tile8x32MinAVX2, direct: directQ4_KAVX2, row: rowQ4_KAVX2}), quadQ4_KAVX2),
	},
	quant.Q5_K: {
		inQuads(avx512x256(quant.Q5_K, 82, funcs{pack: packQ5_KAVX512, tile: tile8x32MinAVX512, row: rowQ5_KAVX512}, packOneQ5_KAVX512, 8, twoQ5_KAVX512, fourQ5_KAVX512, sixQ5_KAVX512, eightQ5_KAVX512), quadQ5_KAVX512),
		inQuads(avxVNNIx256(82, funcs{pack: packQ5_KAVXVNNI, tile: tile8x32MinAVXVNNI, direct: directQ5_KAVXVNNI, row: rowQ5_KAVX2}), quadQ5_KAVX2),
		inQuads(avx2x256(82, funcs{pack: packQ5_KAVX2, tile: tile8x32MinSplitAVX2, direct: directQ5_KAVX2, row: rowQ5_KAVX2}), quadQ5_KAVX2),
	},
	quant.Q6_K: {
		inQuads(avx512x256(quant.Q6_K, 90, funcs{pack: packQ6_KAVX512, tile: tile16x16AVX512, row: rowQ6_KAVX512}, packOneQ6_KAVX512, 8, twoQ6_KAVX512, fourQ6_KAVX512, sixQ6_KAVX512, eightQ6_KAVX512), quadQ6_KAVX512),
		inQuads(avxVNNIx256(90, funcs{pack: packQ6_KAVXVNNI, tile: tile16x16AVXVNNI, direct: directQ6_KAVXVNNI, row: rowQ6_KAVX2}), quadQ6_KAVX2),
		inQuads(avx2x256(90, funcs{pack: packQ6_KAVX2, tile: tile16x16SplitAVX2, direct: directQ6_KAVX2, row: rowQ6_KAVX2}), quadQ6_KAVX2),
	},
	quant.IQ4_XS: {
		avx512x256(quant.IQ4_XS, 82, funcs{pack: packIQ4_XSAVX512, tile: tile8x32AVX512, row: rowIQ4_XSAVX512}, packOneIQ4_XSAVX512, 8, twoIQ4_XSAVX512, fourIQ4_XSAVX512, sixIQ4_XSAVX512, eightIQ4_XSAVX512),
		inQuads(avxVNNIx256(82, funcs{pack: packIQ4_XSAVXVNNI, tile: tile8x32AVXVNNI, direct: directIQ4_XSAVXVNNI, row: rowIQ4_XSAVX2}), quadIQ4_XSAVX2),
		inQuads(avx2x256(82, funcs{pack: packIQ4_XSAVX2, tile: tile8x32SignedAVX2, direct: directIQ4_XSAVX2, row: rowIQ4_XSAVX2}), quadIQ4_XSAVX2),
	},
	quant.TQ2_0: {
		avx512x256(quant.TQ2_0, 90, funcs{pack: packTQ2_0AVX512, tile: tile16x16AVX512, row: rowTQ2_0AVX512}, packOneTQ2_0AVX512, 16, twoTQ2_0AVX512, fourTQ2_0AVX512, sixTQ2_0AVX512, eightTQ2_0AVX512),
		inQuads(avxVNNIx256(90, funcs{pack: packTQ2_0AVXVNNI, tile: tile16x16AVXVNNI, direct: directTQ2_0AVXVNNI, row: rowTQ2_0AVX2}), quadTQ2_0AVX2),
		inQuads(avx2x256(90, funcs{pack: packTQ2_0AVX2, tile: tile16x16AVX2, direct: directTQ2_0AVX2, row: rowTQ2_0AVX2}), quadTQ2_0AVX2),
	},
	quant.TQ1_0: {avx2x256(90, funcs{pack: packTQ1_0AVX2, tile: tile16x16AVX2, direct: directTQ1_0AVX2, row: rowTQ1_0AVX2})},
}

// legacyKernels are the kernels of the formats of 2023. They have pack functions of
// their own. Most of them use the tiles of today's formats; Q4_2 uses that of NVFP4.
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

// funcs are the functions of a kernel (see kernel.Kernel).
type funcs struct {
	pack              packFunc
	tile, direct, row tileFunc
}

type (
	packFunc func(panel, w *byte, stride, nb int)
	tileFunc func(t *tileArgs)
)

// Products with at most directTokens tokens are faster without a panel. This limit
// was measured for each instruction set. With more tokens, a tile saves more time
// than it takes to write the panel, because it multiplies four tokens at once.

func avx512x32(offset int, f funcs) kernel.Kernel { return kernel32("avx512vnni", 32, 32, offset, f) }

func avxVNNIx32(offset int, f funcs) kernel.Kernel { return kernel32("avxvnni", 16, 11, offset, f) }

func avx2x32(offset int, f funcs) kernel.Kernel { return kernel32("avx2", 16, 11, offset, f) }

// kernel32 returns a kernel of a format with blocks of 32. A panel is two vectors
// of rows. With 32 blocks of each row, it stays in the first-level cache.
func kernel32(level string, rows, directTokens, offset int, f funcs) kernel.Kernel {
	return kernel.Kernel{Level: level, Rows: rows, BlockLen: 32, PanelBytes: rows * (32 + 4), MaxBlocks: 32, Lanes: 1,
		Offset: offset, Pack: f.pack, Tile: f.tile, Direct: f.direct, DirectTokens: directTokens, Row: f.row}
}

// avx2x16 returns a kernel of a format with a scale for each 16 weights.
// CPUs with better instructions than AVX2 use this kernel, too. In a panel,
// a block of each row of a vector of rows takes the given number of vectors.
func avx2x16(blockLen, vectors, offset int, f funcs) kernel.Kernel {
	return kernel.Kernel{Level: "avx2", Rows: 16, BlockLen: blockLen, PanelBytes: 16 * vectors * 4, MaxBlocks: 1024 / blockLen, Lanes: 1,
		Offset: offset, Pack: f.pack, Tile: f.tile, Row: f.row}
}

// inQuads returns k with the function quad as Quad.
func inQuads(k kernel.Kernel, quad tileFunc) kernel.Kernel {
	k.Quad, k.QuadBlocks = quad, 2
	if k.BlockLen == 256 || k.Lanes > 1 {
		k.QuadBlocks = 1
	}
	return k
}

// withMins returns k with room for minima in its panels, for a format with blocks of 32.
func withMins(k kernel.Kernel) kernel.Kernel {
	k.PanelBytes += k.Rows * 4
	return k
}

// avx512x256 returns the kernel for format t with AVX-512 VNNI. Its Direct function uses few for at
// most fewTokens tokens (see inGroups), and packOne and f.tile for more (see blockwise).
func avx512x256(t quant.Type, vectors int, f funcs, packOne packFunc, fewTokens int, few ...tileFunc) kernel.Kernel {
	f.direct = upTo(fewTokens, inGroups(few), blockwise(t, packOne, f.tile))
	return kernel256("avx512vnni", 32, kernel.GroupTokens, vectors, f)
}

func avxVNNIx256(vectors int, f funcs) kernel.Kernel { return kernel256("avxvnni", 16, 3, vectors, f) }

func avx2x256(vectors int, f funcs) kernel.Kernel { return kernel256("avx2", 16, 3, vectors, f) }

// kernel256 returns a kernel of a format with blocks of 256. In a panel, a
// super-block of each row of a vector of rows takes the given number of vectors.
func kernel256(level string, rows, directTokens, vectors int, f funcs) kernel.Kernel {
	return kernel.Kernel{Level: level, Rows: rows, BlockLen: 256, PanelBytes: rows * vectors * 4, MaxBlocks: 2, Lanes: 1,
		Pack: f.pack, Tile: f.tile, Direct: f.direct, DirectTokens: directTokens, Row: f.row}
}

// Constants of the packing macros (see unpack32_amd64.h).
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
	// scaleBytes[j] moves byte j of each of 8 dwords to the high halves of its two int16.
	scaleBytes = [4][32]uint8{scaleByte(0), scaleByte(1), scaleByte(2), scaleByte(3)}
	// ones16 is 1 in all int16.
	ones16 = [16]int16{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}
	// bytes00 moves byte 0 of each dword to the high
	// halves of both int16; bytes01 moves bytes 0 and 1.
	bytes00 = [16]uint8{255, 0, 255, 0, 255, 4, 255, 4, 255, 8, 255, 8, 255, 12, 255, 12}
	bytes01 = [16]uint8{255, 0, 255, 1, 255, 4, 255, 5, 255, 8, 255, 9, 255, 12, 255, 13}
	// bytes2233 doubles the upper two bytes of each dword.
	bytes2233 = [16]uint8{2, 2, 3, 3, 6, 6, 7, 7, 10, 10, 11, 11, 14, 14, 15, 15}
	// byte0 repeats the first byte of each dword.
	byte0 = [16]uint8{0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12}
	// bitTo16 maps each single bit of bits0123 to 16.
	bitTo16 = [16]uint8{1: 16, 2: 16, 4: 16, 8: 16}
	// mxfp4Unsigned is mxfp4Values + 12.
	mxfp4Unsigned = [16]uint8{12, 13, 14, 15, 16, 18, 20, 24, 12, 11, 10, 9, 8, 6, 4, 0}
	// nanE4M3 is two int16, each with NaN in its high byte. This NaN is a
	// number with 4 bits of exponent and 3 bits of mantissa. two7 is 2^7.
	nanE4M3 uint32  = 0x7f007f00
	two7    float32 = 128
	// powers are constants of the macro SCALES_E: the bits of the smallest
	// normal float32, of a quarter of that number, and of half of it.
	powers = [3]uint32{1 << 23, 1 << 21, 1 << 22}
	// iq4Values is codebook.IQ4, and iq4Unsigned has the same values plus 128.
	iq4Values   = codebook.IQ4
	iq4Unsigned = [16]uint8{1, 24, 45, 63, 79, 93, 106, 118, 129, 141, 153, 166, 181, 197, 217, 241}
)

func scaleByte(j uint8) (shuffle [32]uint8) {
	for i := range shuffle {
		shuffle[i] = 255
		if i%2 == 1 {
			shuffle[i] = uint8(i%16&^3) + j
		}
	}
	return shuffle
}
