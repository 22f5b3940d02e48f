//go:build !purego

package quant

// spans are the encoders of blocks of 32 by the range of their weights: nb
// blocks at once.
var spans = map[Type]func(dst *byte, x *float32, nb int){
	Q4_0: spanQ4_0AVX2,
	Q4_1: spanQ4_1AVX2,
	Q5_0: spanQ5_0AVX2,
	Q5_1: spanQ5_1AVX2,
	Q8_0: spanQ8_0AVX2,
}

//go:noescape
func spanQ4_0AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ4_1AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ5_0AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ5_1AVX2(dst *byte, x *float32, nb int)

//go:noescape
func spanQ8_0AVX2(dst *byte, x *float32, nb int)

//go:noescape
func encodeF16AVX2(dst *byte, x *float32, n int)

// encodeSpan encodes rows without importance if it can.
func encodeSpan(t Type, dst []byte, x []float32) bool {
	if !encodeAVX2 || len(x) == 0 {
		return false
	}
	if span := spans[t]; span != nil {
		dst = dst[:t.RowBytes(len(x))]
		span(&dst[0], &x[0], len(x)/32)
		return true
	}
	if t != F16 {
		return false
	}
	dst = dst[:2*len(x)]
	n := len(x) / 8
	if n > 0 {
		encodeF16AVX2(&dst[0], &x[0], n)
	}
	encodeF16(dst[16*n:], x[8*n:], nil)
	return true
}

func (r *runs32) searchSignedRuns(half int32, x []float32) {
	if !encodeAVX2 || len(x) < 256 {
		r.searchSignedRunsGeneric(half, x)
		return
	}
	a := &r.lanes[0]
	a.setSigned(half, 32)
	a.fill(x, r.w[:], 32, byImportance)
	searchSignedAVX2(a)
	r.collect(a, x)
}

func (r *runs32) searchMinRuns(p *minSearch, x []float32) {
	if !encodeAVX2 || len(x) < 256 {
		r.searchMinRunsGeneric(p, x)
		return
	}
	a := &r.lanes[0]
	a.setMin(p, 32)
	a.fill(x, r.w[:], 32, byImportance)
	searchMinAVX2(a, p.absolute)
	r.collect(a, x)
}

// collect takes over what eight runs' search found.
func (r *runs32) collect(a *lanes, x []float32) {
	for b := range 8 {
		r.scale[b], r.min[b] = a.scale[b], -a.lo[b]
		a.codes(b, x[32*b:32*b+32], r.block(b)[:])
	}
}
