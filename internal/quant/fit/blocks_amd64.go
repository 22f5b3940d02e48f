//go:build !purego

package fit

import "alpaca/internal/quant/codec"

func (r *runs32) searchSignedRuns(half int32, x []float32) {
	if !codec.AVX2 || len(x) < 256 {
		r.searchSignedRunsGeneric(half, x)
		return
	}
	a := &r.lanes[0]
	a.setSigned(half, 32)
	a.fill(x, r.w[:], 32, ByImportance)
	searchSignedAVX2(a)
	r.collect(a, x)
}

func (r *runs32) searchMinRuns(p *MinSearch, x []float32) {
	if !codec.AVX2 || len(x) < 256 {
		r.searchMinRunsGeneric(p, x)
		return
	}
	a := &r.lanes[0]
	a.setMin(p, 32)
	a.fill(x, r.w[:], 32, ByImportance)
	searchMinAVX2(a, p.Absolute)
	r.collect(a, x)
}

// collect copies the results of the search of eight runs to r.
func (r *runs32) collect(a *lanes, x []float32) {
	for b := range 8 {
		r.scale[b], r.min[b] = a.scale[b], -a.lo[b]
		a.codes(b, x[32*b:32*b+32], r.block(b)[:])
	}
}
