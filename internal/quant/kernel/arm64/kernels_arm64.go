//go:build !purego

package arm64

import (
	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// Table lists each type's kernels, best first.
var Table = kernel.Merge(todaysKernels, legacyKernels)

// todaysKernels are the kernels of the formats that GGUF files have.
var todaysKernels = kernel.Table{
	quant.F32:  floatKernels(packF32NEON, rowF32NEON, quadF32NEON),
	quant.F16:  floatKernels(packF16NEON, rowF16NEON, quadF16NEON),
	quant.BF16: floatKernels(packBF16NEON, rowBF16NEON, quadBF16NEON),
	quant.Q4_0: {
		i8mm32(packQ4_0I8MM, tileB32I8MM).WithQuad(quadQ4_0SDOT),
		sdot32(packQ4_0SDOT, tileB32SDOT).WithQuad(quadQ4_0SDOT),
		neon32(packQ4_0NEON, tileB32NEON).WithQuad(quadQ4_0NEON),
	},
	quant.Q4_1: {
		i8mm32(packQ4_1I8MM, tileB32MinI8MM).WithQuad(quadQ4_1SDOT),
		sdot32(packQ4_1SDOT, tileB32MinSDOT).WithQuad(quadQ4_1SDOT),
		neon32(packQ4_1NEON, tileB32MinNEON).WithQuad(quadQ4_1NEON),
	},
	quant.Q5_0: {
		i8mm32(packQ5_0I8MM, tileB32I8MM).WithQuad(quadQ5_0SDOT),
		sdot32(packQ5_0SDOT, tileB32SDOT).WithQuad(quadQ5_0SDOT),
		neon32(packQ5_0NEON, tileB32NEON).WithQuad(quadQ5_0NEON),
	},
	quant.Q5_1: {
		lanes32("sdot", packQ5_1SDOT, tileB32LanesSDOT).WithQuad(quadQ5_1SDOT),
		lanes32("neon", packQ5_1SDOT, tileB32LanesNEON).WithQuad(quadQ5_1NEON),
	},
	quant.Q8_0: {
		i8mm32(packQ8_0I8MM, tileB32I8MM).WithQuad(quadQ8_0SDOT),
		sdot32(packQ8_0SDOT, tileB32SDOT).WithQuad(quadQ8_0SDOT),
		neon32(packQ8_0NEON, tileB32WideNEON).WithQuad(quadQ8_0NEON),
	},
	quant.IQ4_NL: {
		i8mm32(packIQ4_NLI8MM, tileB32I8MM).WithQuad(quadIQ4_NLSDOT),
		sdot32(packIQ4_NLSDOT, tileB32SDOT).WithQuad(quadIQ4_NLSDOT),
		neon32(packIQ4_NLNEON, tileB32WideNEON).WithQuad(quadIQ4_NLNEON),
	},
	quant.MXFP4: {
		i8mm32(packMXFP4I8MM, tileB32I8MM).WithQuad(quadMXFP4SDOT),
		sdot32(packMXFP4SDOT, tileB32SDOT).WithQuad(quadMXFP4SDOT),
		neon32(packMXFP4NEON, tileB32NEON).WithQuad(quadMXFP4NEON),
	},
	quant.NVFP4: {halves("sdot", 64, packNVFP4SDOT, tileB16SDOT), halves("neon", 64, packNVFP4NEON, tileB16NEON)},
	quant.Q2_K: {
		i8mm256(packQ2_KI8MM, tileK16MinI8MM).WithQuad(quadQ2_KSDOT),
		sdot256(packQ2_KSDOT, tileK16MinSDOT).WithQuad(quadQ2_KSDOT),
		neon256(packQ2_KNEON, tileK16MinNEON).WithQuad(quadQ2_KNEON),
	},
	quant.Q3_K: {
		i8mm256(packQ3_KI8MM, tileK16I8MM),
		sdot256(packQ3_KSDOT, tileK16SDOT),
		neon256(packQ3_KNEON, tileK16NEON),
	},
	quant.Q4_K: {
		i8mm256(packQ4_KI8MM, tileK32MinI8MM).WithQuad(quadQ4_KSDOT),
		sdot256(packQ4_KSDOT, tileK32MinSDOT).WithQuad(quadQ4_KSDOT),
		neon256(packQ4_KNEON, tileK32MinNEON).WithQuad(quadQ4_KNEON),
	},
	quant.Q5_K: {
		i8mm256(packQ5_KI8MM, tileK32MinI8MM).WithQuad(quadQ5_KSDOT),
		sdot256(packQ5_KSDOT, tileK32MinSDOT).WithQuad(quadQ5_KSDOT),
		neon256(packQ5_KNEON, tileK32MinNEON).WithQuad(quadQ5_KNEON),
	},
	quant.Q6_K: {
		i8mm256(packQ6_KI8MM, tileK16I8MM).WithQuad(quadQ6_KSDOT),
		sdot256(packQ6_KSDOT, tileK16SDOT).WithQuad(quadQ6_KSDOT),
		neon256(packQ6_KNEON, tileK16NEON).WithQuad(quadQ6_KNEON),
	},
	quant.IQ4_XS: {
		i8mm256(packIQ4_XSI8MM, tileK32I8MM).WithQuad(quadIQ4_XSSDOT),
		sdot256(packIQ4_XSSDOT, tileK32SDOT).WithQuad(quadIQ4_XSSDOT),
		neon256(packIQ4_XSNEON, tileK32WideNEON).WithQuad(quadIQ4_XSNEON),
	},
	quant.TQ2_0: {
		i8mm256(packTQ2_0I8MM, tileK16I8MM).WithQuad(quadTQ2_0SDOT),
		sdot256(packTQ2_0SDOT, tileK16SDOT).WithQuad(quadTQ2_0SDOT),
		neon256(packTQ2_0NEON, tileK16NEON).WithQuad(quadTQ2_0NEON),
	},
	quant.TQ1_0: {
		i8mm256(packTQ1_0I8MM, tileK16I8MM).WithQuad(quadTQ1_0SDOT),
		sdot256(packTQ1_0SDOT, tileK16SDOT).WithQuad(quadTQ1_0SDOT),
		neon256(packTQ1_0NEON, tileK16NEON).WithQuad(quadTQ1_0NEON),
	},
}

// tileArgs is the name under which assembly finds the fields of Args (go_asm.h).
type tileArgs = kernel.Args

// The kernels of one instruction set differ only in their functions. Their panels have room
// for the largest packed block. gen/layout.go describes the order of numbers in a panel.

type (
	packFunc func(panel, w *byte, stride, nb int)
	tileFunc func(t *tileArgs)
)

func i8mm32(p packFunc, t tileFunc) kernel.Kernel {
	return kernel32("i8mm", 16*(32+8+8), p, t)
}
func sdot32(p packFunc, t tileFunc) kernel.Kernel {
	return kernel32("sdot", 16*(32+4+4), p, t)
}
func neon32(p packFunc, t tileFunc) kernel.Kernel {
	return kernel32("neon", 16*(32+4+4), p, t)
}

// lanes32 returns a kernel of a format with eight partial sums and a sum of the minima. I8MM
// adds 8 products at once, so such formats cannot use it.
func lanes32(level string, p packFunc, t tileFunc) kernel.Kernel {
	k := kernel32(level, 16*(32+4+4), p, t)
	k.Lanes, k.Sum = 9, sumB32Lanes
	return k
}

func i8mm256(p packFunc, t tileFunc) kernel.Kernel {
	return kernel256("i8mm", 16*(256+16*8+8+8+16), p, t)
}
func sdot256(p packFunc, t tileFunc) kernel.Kernel {
	return kernel256("sdot", 16*(256+16*4+4+4+16), p, t)
}
func neon256(p packFunc, t tileFunc) kernel.Kernel {
	return kernel256("neon", 16*(256+16*4+4+4+16*2), p, t)
}

// kernel32 returns a kernel of a format with blocks of 32. With 32 blocks of
// each row, a panel and the activations of four tokens take at most 32 KB.
func kernel32(level string, panelBytes int, p packFunc, t tileFunc) kernel.Kernel {
	return kernel.Kernel{Level: level, Rows: 16, BlockLen: 32, PanelBytes: panelBytes, MaxBlocks: 32, Lanes: 1, Pack: p, Tile: t}
}

// halves returns a kernel of a format with a scale for each 16 weights. There is no such kernel
// for I8MM: separate sums for each 16 weights would take more instructions than I8MM saves.
func halves(level string, blockLen int, p packFunc, t tileFunc) kernel.Kernel {
	return kernel.Kernel{Level: level, Rows: 16, BlockLen: blockLen, PanelBytes: 16 * (blockLen + blockLen/2), MaxBlocks: 1024 / blockLen, Lanes: 1, Pack: p, Tile: t}
}

// kernel256 returns a kernel of a k-quant.
func kernel256(level string, panelBytes int, p packFunc, t tileFunc) kernel.Kernel {
	return kernel.Kernel{Level: level, Rows: 16, BlockLen: 256, PanelBytes: panelBytes, MaxBlocks: 4, Lanes: 1, Pack: p, Tile: t}
}

// floatKernels returns the only kernel of a float type, because newer instructions do not make
// it faster.
func floatKernels(p packFunc, row, quad tileFunc) []kernel.Kernel {
	k := kernel.Kernel{Level: "neon", Rows: 8, BlockLen: 8, PanelBytes: 8 * 8 * 4, MaxBlocks: 64, Lanes: 8,
		Pack: p, Tile: tileFloatNEON, Sum: kernel.SumLanes, Row: row}
	return []kernel.Kernel{k.WithQuad(quad)}
}

// sumB32Lanes is Kernel.Sum of the kernels that lanes32 returns.
// The accumulators are [4 groups of rows][9][4 rows].
func sumB32Lanes(dst, acc []float32) {
	_, _ = dst[15], acc[16*9-1]
	sumB32LanesNEON(&dst[0], &acc[0])
}
