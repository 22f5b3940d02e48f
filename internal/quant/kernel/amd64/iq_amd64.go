//go:build !purego

package amd64

import (
	"encoding/binary"
	"math"
	"sync"
	"unsafe"

	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// iqKernels are the kernels of the formats whose groups of weights are entries of a codebook.
// Go code makes their panels, with the same Unpack functions as the portable products. A panel
// has the layout of parts/unpack256_amd64.h, with runs of 16 weights. The weights are signed.
var iqKernels = func() kernel.Table {
	t := kernel.Table{}
	for _, typ := range []quant.Type{quant.IQ1_S, quant.IQ1_M, quant.IQ2_XXS, quant.IQ2_XS, quant.IQ2_S, quant.IQ3_XXS, quant.IQ3_S} {
		k := avx2x256(panelVectors, funcs{pack: packUnpacked(typ), tile: tile16x16SignedAVX2})
		k.DirectTokens = 0
		t[typ] = []kernel.Kernel{k}
	}
	return t
}()

// Offsets in a panel of 8 rows, counted in vectors. A vector has 32 bits of each row. A run of 16
// weights has four vectors of weights and one of scales.
const (
	panelVectors = 90
	runVectors   = 5
	panelD       = 88
)

// superBlocks are scratch memory of packUnpacked's functions.
var superBlocks = sync.Pool{New: func() any { return new(quant.SuperBlock) }}

// packUnpacked returns Kernel.Pack for a format with blocks of 256.
func packUnpacked(t quant.Type) packFunc {
	f, _ := quant.Format256Of(t)
	size := t.BlockBytes()
	return func(panel, w *byte, stride, nb int) {
		const rows, lanes = 16, 8
		in := unsafe.Slice(w, (rows-1)*stride+nb*size)
		out := unsafe.Slice(panel, rows*nb*panelVectors*4)
		s := superBlocks.Get().(*quant.SuperBlock)
		for row := range rows {
			for b := range nb {
				f.Unpack(in[row*stride+b*size:][:size], s)
				at := out[((row/lanes*nb+b)*panelVectors*lanes+row%lanes)*4:]
				for r := range 16 {
					run := at[r*runVectors*lanes*4:]
					for i := range 4 {
						*(*[4]int8)(unsafe.Pointer(&run[i*lanes*4])) = [4]int8(s.Q[16*r+4*i:])
					}
					binary.LittleEndian.PutUint32(run[4*lanes*4:], uint32(s.Sc[r]))
				}
				binary.LittleEndian.PutUint32(at[panelD*lanes*4:], math.Float32bits(s.D))
			}
		}
		superBlocks.Put(s)
	}
}
