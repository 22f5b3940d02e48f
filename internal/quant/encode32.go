package quant

// What the encoders of Q4_0, Q4_1, Q5_0 and Q5_1 share: blocks of 32 by the
// range of the weights, or with the columns' importance by a search.

// encodeSigned writes blocks of numbers from -half to half-1 by put.
func encodeSigned(dst []byte, x, importance []float32, half int32, put func(block []byte, d float32, q *[32]uint8)) {
	blockBytes := len(dst) / (len(x) / 32)
	var w [32]float32
	var q [32]uint8
	sigma2 := meanSquare(x, importance)
	for ; len(x) > 0; x, dst = x[32:], dst[blockBytes:] {
		var d float32
		if importance != nil {
			weigh(w[:], x[:32], importance[:32], sigma2)
			importance = importance[32:]
			d = searchSigned(half, x[:32], w[:], q[:])
		} else {
			d = spanSigned(x[:32], float32(half), &q)
		}
		put(dst[:blockBytes], d, &q)
	}
}

// encodeMin writes blocks of numbers from 0 to top above a minimum by put.
func encodeMin(dst []byte, x, importance []float32, top int32, put func(block []byte, d, m float32, q *[32]uint8)) {
	blockBytes := len(dst) / (len(x) / 32)
	var w [32]float32
	var q [32]uint8
	p := minSearch{top: top, first: -0.9, step: 0.05, trials: 37}
	sigma2 := meanSquare(x, importance)
	for ; len(x) > 0; x, dst = x[32:], dst[blockBytes:] {
		var d, m float32
		if importance != nil {
			weigh(w[:], x[:32], importance[:32], sigma2)
			importance = importance[32:]
			d, m = searchScaleMin(&p, x[:32], w[:], q[:])
			m = -m
		} else {
			d, m = spanMin(x[:32], float32(top), &q)
		}
		put(dst[:blockBytes], d, m, &q)
	}
}

// meanSquare returns the mean of x² over a row, which only importance needs.
func meanSquare(x, importance []float32) float32 {
	if importance == nil {
		return 0
	}
	return sumSquares(x) / float32(len(x))
}

// spanSigned maps the weight of largest magnitude to -half.
func spanSigned(x []float32, half float32, q *[32]uint8) (d float32) {
	d = firstLargest(x) / -half
	inv := inverse(d)
	for j, v := range x {
		q[j] = min(uint8(2*half-1), truncByte(float32(v*inv)+(half+0.5)))
	}
	return d
}

// spanMin maps the smallest weight to 0 and the largest to top.
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
	inv := inverse(d)
	for j, v := range x {
		q[j] = min(uint8(top), truncByte(float32((v-lo)*inv)+0.5))
	}
	return d, lo
}
