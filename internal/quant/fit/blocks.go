package fit

// The encoders of Q4_0, Q4_1, Q5_0 and Q5_1 share this file. A block of 32 weights gets its
// scale from the range of its weights, or from a search if the columns have an importance.

// runs32 has the input and the results of the search for up to eight blocks of 32.
type runs32 struct {
	w          [256]float32
	q          [256]uint8
	scale, min [8]float32

	laneSearch // memory for searches with vectors
}

// block returns the integers of block b.
func (r *runs32) block(b int) *[32]uint8 { return (*[32]uint8)(r.q[32*b:]) }

// EncodeSigned encodes weights as integers from -half to half-1. put writes
// a block. Its arguments are the scale d, and in q the integers plus half.
func EncodeSigned(dst []byte, x, importance []float32, half int32, put func(block []byte, d float32, q *[32]uint8)) {
	blockBytes := len(dst) / (len(x) / 32)
	var r runs32
	sigma2 := meanSquare(x, importance)
	for len(x) > 0 {
		n := min(256, len(x))
		if importance != nil {
			Weigh(r.w[:n], x[:n], importance[:n], sigma2)
			importance = importance[n:]
			r.searchSignedRuns(half, x[:n])
		} else {
			for b := range n / 32 {
				r.scale[b] = spanSigned(x[32*b:32*b+32], float32(half), r.block(b))
			}
		}
		for b := range n / 32 {
			put(dst[:blockBytes], r.scale[b], r.block(b))
			dst = dst[blockBytes:]
		}
		x = x[n:]
	}
}

// EncodeMin encodes weights as integers from 0 to top above a minimum. put writes
// a block. Its arguments are the scale d, the minimum m and the integers q.
func EncodeMin(dst []byte, x, importance []float32, top int32, put func(block []byte, d, m float32, q *[32]uint8)) {
	blockBytes := len(dst) / (len(x) / 32)
	var r runs32
	p := MinSearch{Top: top, First: -0.9, Step: 0.05, Trials: 37}
	sigma2 := meanSquare(x, importance)
	for len(x) > 0 {
		n := min(256, len(x))
		if importance != nil {
			Weigh(r.w[:n], x[:n], importance[:n], sigma2)
			importance = importance[n:]
			r.searchMinRuns(&p, x[:n])
			for b := range n / 32 {
				r.min[b] = -r.min[b]
			}
		} else {
			for b := range n / 32 {
				r.scale[b], r.min[b] = spanMin(x[32*b:32*b+32], float32(top), r.block(b))
			}
		}
		for b := range n / 32 {
			put(dst[:blockBytes], r.scale[b], r.min[b], r.block(b))
			dst = dst[blockBytes:]
		}
		x = x[n:]
	}
}

// searchSignedRunsGeneric finds the scales and integers of runs of 32 weights.
func (r *runs32) searchSignedRunsGeneric(half int32, x []float32) {
	for b := range len(x) / 32 {
		r.scale[b] = SearchSigned(half, x[32*b:32*b+32], r.w[32*b:], r.block(b)[:])
	}
}

// searchMinRunsGeneric finds the scales, minima and integers of runs of 32 weights.
func (r *runs32) searchMinRunsGeneric(p *MinSearch, x []float32) {
	for b := range len(x) / 32 {
		r.scale[b], r.min[b] = searchScaleMin(p, x[32*b:32*b+32], r.w[32*b:], r.block(b)[:])
	}
}

// meanSquare returns the mean of x² over a row. Only Weigh needs
// the mean, so meanSquare returns 0 if importance is nil.
func meanSquare(x, importance []float32) float32 {
	if importance == nil {
		return 0
	}
	return SumSquares(x) / float32(len(x))
}

// spanSigned sets q to the integers for the scale that maps the weight of largest magnitude to
// -half, and returns the scale.
func spanSigned(x []float32, half float32, q *[32]uint8) (d float32) {
	d = FirstLargest(x) / -half
	inv := Inverse(d)
	for j, v := range x {
		q[j] = min(uint8(2*half-1), truncByte(float32(v*inv)+(half+0.5)))
	}
	return d
}

// spanMin sets q to the integers for the scale d and the minimum m that map the smallest weight
// to 0 and the largest to top.
func spanMin(x []float32, top float32, q *[32]uint8) (d, m float32) {
	lo, hi := x[0], x[0]
	for _, v := range x {
		if v < lo {
			lo = v
		}
		if v > hi {
			hi = v
		}
	}
	d = (hi - lo) / top
	inv := Inverse(d)
	for j, v := range x {
		q[j] = min(uint8(top), truncByte(float32((v-lo)*inv)+0.5))
	}
	return d, lo
}
