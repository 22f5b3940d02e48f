//go:build !purego

package quant

// kernelTable lists each type's kernels, best first.
var kernelTable = mergeTables(todaysKernels, legacyKernels)

// todaysKernels are those of the formats of GGUF.
var todaysKernels = map[Type][]kernel{
	F32:  floatKernels(packF32NEON, rowF32NEON),
	F16:  floatKernels(packF16NEON, rowF16NEON),
	BF16: floatKernels(packBF16NEON, rowBF16NEON),
	Q4_0: {
		i8mm32(packQ4_0I8MM, tileB32I8MM).withRow(rowQ4_0SDOT),
		sdot32(packQ4_0SDOT, tileB32SDOT).withRow(rowQ4_0SDOT),
		neon32(packQ4_0NEON, tileB32NEON).withRow(rowQ4_0NEON),
	},
	Q4_1: {
		i8mm32(packQ4_1I8MM, tileB32MinI8MM).withRow(rowQ4_1SDOT),
		sdot32(packQ4_1SDOT, tileB32MinSDOT).withRow(rowQ4_1SDOT),
		neon32(packQ4_1NEON, tileB32MinNEON).withRow(rowQ4_1NEON),
	},
	Q5_0: {
		i8mm32(packQ5_0I8MM, tileB32I8MM).withRow(rowQ5_0SDOT),
		sdot32(packQ5_0SDOT, tileB32SDOT).withRow(rowQ5_0SDOT),
		neon32(packQ5_0NEON, tileB32NEON).withRow(rowQ5_0NEON),
	},
	Q5_1: {
		lanes32("sdot", packQ5_1SDOT, tileB32LanesSDOT).withRow(rowQ5_1SDOT),
		lanes32("neon", packQ5_1SDOT, tileB32LanesNEON).withRow(rowQ5_1NEON),
	},
	Q8_0: {
		i8mm32(packQ8_0I8MM, tileB32I8MM).withRow(rowQ8_0SDOT),
		sdot32(packQ8_0SDOT, tileB32SDOT).withRow(rowQ8_0SDOT),
		neon32(packQ8_0NEON, tileB32WideNEON).withRow(rowQ8_0NEON),
	},
	IQ4_NL: {
		i8mm32(packIQ4_NLI8MM, tileB32I8MM).withRow(rowIQ4_NLSDOT),
		sdot32(packIQ4_NLSDOT, tileB32SDOT).withRow(rowIQ4_NLSDOT),
		neon32(packIQ4_NLNEON, tileB32WideNEON).withRow(rowIQ4_NLNEON),
	},
	Q2_K: {
		i8mm256(packQ2_KI8MM, tileK16MinI8MM).withRow(rowQ2_KSDOT),
		sdot256(packQ2_KSDOT, tileK16MinSDOT).withRow(rowQ2_KSDOT),
		neon256(packQ2_KNEON, tileK16MinNEON).withRow(rowQ2_KNEON),
	},
	Q3_K: {
		i8mm256(packQ3_KI8MM, tileK16I8MM),
		sdot256(packQ3_KSDOT, tileK16SDOT),
		neon256(packQ3_KNEON, tileK16NEON),
	},
	Q4_K: {
		i8mm256(packQ4_KI8MM, tileK32MinI8MM).withRow(rowQ4_KSDOT),
		sdot256(packQ4_KSDOT, tileK32MinSDOT).withRow(rowQ4_KSDOT),
		neon256(packQ4_KNEON, tileK32MinNEON).withRow(rowQ4_KNEON),
	},
	Q5_K: {
		i8mm256(packQ5_KI8MM, tileK32MinI8MM).withRow(rowQ5_KSDOT),
		sdot256(packQ5_KSDOT, tileK32MinSDOT).withRow(rowQ5_KSDOT),
		neon256(packQ5_KNEON, tileK32MinNEON).withRow(rowQ5_KNEON),
	},
	Q6_K: {
		i8mm256(packQ6_KI8MM, tileK16I8MM).withRow(rowQ6_KSDOT),
		sdot256(packQ6_KSDOT, tileK16SDOT).withRow(rowQ6_KSDOT),
		neon256(packQ6_KNEON, tileK16NEON).withRow(rowQ6_KNEON),
	},
	IQ4_XS: {
		i8mm256(packIQ4_XSI8MM, tileK32I8MM).withRow(rowIQ4_XSSDOT),
		sdot256(packIQ4_XSSDOT, tileK32SDOT).withRow(rowIQ4_XSSDOT),
		neon256(packIQ4_XSNEON, tileK32WideNEON).withRow(rowIQ4_XSNEON),
	},
}

// The kernels of an instruction set differ by two functions only. Panels have
// room for the largest packed block; gen/layout.go says what is in them.

type (
	packFunc func(panel, w *byte, stride, nb int)
	tileFunc func(t *tileArgs)
)

func i8mm32(p packFunc, t tileFunc) kernel {
	return kernel32("i8mm", 16*(32+8+8), p, t)
}
func sdot32(p packFunc, t tileFunc) kernel {
	return kernel32("sdot", 16*(32+4+4), p, t)
}
func neon32(p packFunc, t tileFunc) kernel {
	return kernel32("neon", 16*(32+4+4), p, t)
}

// lanes32 is a kernel of a format whose products are eight partial sums and one of the
// minima. I8MM adds 8 products at once and is of no use for them.
func lanes32(level string, p packFunc, t tileFunc) kernel {
	k := kernel32(level, 16*(32+4+4), p, t)
	k.lanes, k.sum = 9, sumB32Lanes
	return k
}

func i8mm256(p packFunc, t tileFunc) kernel { return kernel256("i8mm", 16*(256+16*8+8+8+16), p, t) }
func sdot256(p packFunc, t tileFunc) kernel { return kernel256("sdot", 16*(256+16*4+4+4+16), p, t) }
func neon256(p packFunc, t tileFunc) kernel { return kernel256("neon", 16*(256+16*4+4+4+16*2), p, t) }

// kernel32 is a kernel of a 32-wide format: runs of 1024 columns keep a panel and
// the activations of four tokens in 32 KB.
func kernel32(level string, panelBytes int, p packFunc, t tileFunc) kernel {
	return kernel{level: level, rows: 16, blockLen: 32, panelBytes: panelBytes, maxBlocks: 32, lanes: 1, pack: p, tile: t}
}

// kernel256 is a kernel of a k-quant.
func kernel256(level string, panelBytes int, p packFunc, t tileFunc) kernel {
	return kernel{level: level, rows: 16, blockLen: 256, panelBytes: panelBytes, maxBlocks: 4, lanes: 1, pack: p, tile: t}
}

// withRow adds the product with one token. That of SDOT serves I8MM too.
func (k kernel) withRow(row tileFunc) kernel {
	k.row = row
	return k
}

// floatKernels are the kernels of a float type: better CPUs have nothing that
// would serve it better.
func floatKernels(p packFunc, row tileFunc) []kernel {
	return []kernel{{level: "neon", rows: 8, blockLen: 8, panelBytes: 8 * 8 * 4, maxBlocks: 64, lanes: 8,
		pack: p, tile: tileFloatNEON, sum: sumLanes, row: row}}
}

func sumLanes(dst, acc []float32) { sumLanesGeneric(dst, acc) }

// sumB32Lanes is kernel.sum of lanes32: accumulators are [4][9][4 rows].
func sumB32Lanes(dst, acc []float32) {
	_, _ = dst[15], acc[16*9-1]
	sumB32LanesNEON(&dst[0], &acc[0])
}
