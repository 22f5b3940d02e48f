package fit

import "alpaca/internal/quant/codebook"

// IQ4 is the memory for searching the scales of IQ4_NL and IQ4_XS.
type IQ4 struct{ laneSearch }

// Scales finds the scales of up to eight runs of 32 weights x. w says how much each error
// counts.
func (s *IQ4) Scales(scale, x, w []float32) { s.searchIQ4Runs(scale, x, w) }

// CodesIQ4 sets q to the codes nearest to the 32 weights x*inv.
func CodesIQ4(q *[32]uint8, x []float32, inv float32) { iq4Codes(q, x, inv) }

// iq4Middles are the midpoints between neighbours in codebook.IQ4. A value from midpoint i up to
// the next midpoint is nearest to codebook.IQ4[i+1].
var iq4Middles = [15]float32{-115.5, -93.5, -74, -57, -42, -28.5, -16, -4.5, 7, 19, 31.5, 45.5, 61, 79, 101}

// iq4Code returns the code whose value is nearest to f. Ties go to the higher code.
func iq4Code(f float32) (code uint8) {
	for _, m := range iq4Middles {
		if !(f < m) {
			code++
		}
	}
	return code
}

// WeighIQ4 sets w[i] to how much an error in weight x[i] of a block
// counts. It returns the importance of the columns after the block.
func WeighIQ4(w, x, importance []float32) []float32 {
	if importance == nil {
		for i, v := range x {
			w[i] = v * v
		}
		return nil
	}
	Weigh(w, x, importance[:len(x)], SumSquares(x)*(2/float32(len(x))))
	return importance[len(x):]
}

// searchIQ4RunsGeneric finds the scales of runs of 32 weights.
func searchIQ4RunsGeneric(scale []float32, x, w []float32) {
	for b := range scale {
		scale[b] = searchIQ4(x[32*b:32*b+32], w[32*b:32*b+32])
	}
}

// iq4CodesGeneric sets q to the codes nearest to the 32 weights x*inv.
func iq4CodesGeneric(q *[32]uint8, x []float32, inv float32) {
	for j, v := range x[:32] {
		q[j] = iq4Code(inv * v)
	}
}

// searchIQ4 finds the scale that minimizes the weighted error of 32 weights.
func searchIQ4(x, w []float32) (scale float32) {
	largest := FirstLargest(x)
	if Abs(largest) < TinyGroup {
		return 0
	}
	first := float32(codebook.IQ4[0])
	sumXQ, sumQQ := fitIQ4(1/(-largest/first), x, w)
	if sumQQ > 0 { // otherwise no weight matters
		scale = sumXQ / sumQQ
	}
	best := scale * sumXQ
	for trial := float32(-7); trial <= 7; trial++ {
		sumXQ, sumQQ := fitIQ4((trial+first)/largest, x, w)
		if sumQQ > 0 && float32(sumXQ*sumXQ) > float32(best*sumQQ) {
			scale = sumXQ / sumQQ
			best = scale * sumXQ
		}
	}
	return scale
}

// fitIQ4 returns Σ w·q·x and Σ w·q·q, where q is the value of the code nearest to x·inv.
func fitIQ4(inv float32, x, w []float32) (sumXQ, sumQQ float32) {
	for i, v := range x {
		q := float32(codebook.IQ4[iq4Code(inv*v)])
		wq := w[i] * q
		sumXQ += float32(wq * v)
		sumQQ += float32(wq * q)
	}
	return sumXQ, sumQQ
}
