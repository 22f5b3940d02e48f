package fit

import "alpaca/internal/quant/codebook"

// IQ4 finds the scales of IQ4_NL and IQ4_XS; it is memory for that.
type IQ4 struct{ laneSearch }

// Scales finds the scales of up to eight runs of 32 weights x, errors in which weigh w.
func (s *IQ4) Scales(scale, x, w []float32) { s.searchIQ4Runs(scale, x, w) }

// CodesIQ4 finds the codes of the 32 weights x*inv.
func CodesIQ4(q *[32]uint8, x []float32, inv float32) { iq4Codes(q, x, inv) }

// iq4Middles lie between codebook.IQ4: a value from middle i on, but below the
// next, is nearest to codebook.IQ4[i+1].
var iq4Middles = [15]float32{-115.5, -93.5, -74, -57, -42, -28.5, -16, -4.5, 7, 19, 31.5, 45.5, 61, 79, 101}

// iq4Code returns the code whose value is nearest to f, the higher of two.
func iq4Code(f float32) (code uint8) {
	for _, m := range iq4Middles {
		if !(f < m) {
			code++
		}
	}
	return code
}

// WeighIQ4 sets the weights of the errors in a block and returns the importance
// of the columns after it.
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

// iq4CodesGeneric finds the codes of the 32 weights x*inv.
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
	if sumQQ > 0 { // else no weight matters
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

// fitIQ4 returns Σ w·q·x and Σ w·q·q for q the value nearest to x·inv.
func fitIQ4(inv float32, x, w []float32) (sumXQ, sumQQ float32) {
	for i, v := range x {
		q := float32(codebook.IQ4[iq4Code(inv*v)])
		wq := w[i] * q
		sumXQ += float32(wq * v)
		sumQQ += float32(wq * q)
	}
	return sumXQ, sumQQ
}
