//go:build !purego

package quant

// kernelTable lists each type's kernels, best first.
var kernelTable = map[Type][]kernel{
	Q4_0:   {sdotKernel32(packQ4_0SDOT, tileB32SDOT, false)},
	Q4_1:   {sdotKernel32(packQ4_1SDOT, tileB32MinSDOT, true)},
	Q5_0:   {sdotKernel32(packQ5_0SDOT, tileB32SDOT, false)},
	Q5_1:   {sdotKernel32(packQ5_1SDOT, tileB32MinSDOT, true)},
	Q8_0:   {sdotKernel32(packQ8_0SDOT, tileB32SDOT, false)},
	IQ4_NL: {sdotKernel32(packIQ4_NLSDOT, tileB32SDOT, false)},
	Q2_K:   {sdotKernel256(packQ2_KSDOT, tileK16MinSDOT, 16, true)},
	Q3_K:   {sdotKernel256(packQ3_KSDOT, tileK16SDOT, 16, false)},
	Q4_K:   {sdotKernel256(packQ4_KSDOT, tileK32MinSDOT, 32, true)},
	Q5_K:   {sdotKernel256(packQ5_KSDOT, tileK32MinSDOT, 32, true)},
	Q6_K:   {sdotKernel256(packQ6_KSDOT, tileK16SDOT, 16, false)},
	IQ4_XS: {sdotKernel256(packIQ4_XSSDOT, tileK32SDOT, 32, false)},
}

func sdotKernel32(pack func(panel, w *byte, stride, nb int), tile func(t *tileArgs), hasMin bool) kernel {
	n := 16*32 + 16*4
	if hasMin {
		n += 16 * 4
	}
	return kernel{level: "sdot", rows: 16, blockLen: 32, panelBytes: n, maxBlocks: 32, lanes: 1, pack: pack, tile: tile}
}

func sdotKernel256(pack func(panel, w *byte, stride, nb int), tile func(t *tileArgs), width int, hasMin bool) kernel {
	n := 16*256 + 256/width*16*4 + 16*4
	if hasMin {
		n += 16*4 + 256/width*16
	}
	return kernel{level: "sdot", rows: 16, blockLen: 256, panelBytes: n, maxBlocks: 4, lanes: 1, pack: pack, tile: tile}
}

func quantizeActs(a *Acts, row int, x []float32) { quantizeActsGeneric(a, row, x) }
