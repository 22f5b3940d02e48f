package quant

// A search is what the encoders of the k-quants find out about one super-block.
type search struct {
	w          [256]float32 // weights of the errors
	q          [256]uint8   // integers, from 0
	scale, min [16]float32  // of each run
	sumW       [16]float32
}

// scaleMins searches the scale and minimum of each run of n weights.
func (s *search) scaleMins(x []float32, n int, p *minSearch) {
	for j := range 256 / n {
		s.scale[j], s.min[j] = searchScaleMin(p, x[j*n:j*n+n], s.w[j*n:j*n+n], s.q[j*n:j*n+n])
	}
}

// signedScales searches the scale of each run of n weights.
func (s *search) signedScales(x []float32, n int, half int32) {
	for j := range 256 / n {
		s.scale[j] = searchSigned(half, x[j*n:j*n+n], s.w[j*n:j*n+n], s.q[j*n:j*n+n])
	}
}

// refinedScales searches the scale of each run of 16 weights, for Q3_K.
func (s *search) refinedScales(x []float32) {
	for j := range 16 {
		s.scale[j] = refineSigned(4, x[j*16:j*16+16], s.q[j*16:j*16+16])
	}
}

// sumWeights returns the sums of the weights of each run of n.
func (s *search) sumWeights(n int) []float32 {
	for j := range 256 / n {
		var sum float32
		for _, w := range s.w[j*n : j*n+n] {
			sum += w
		}
		s.sumW[j] = sum
	}
	return s.sumW[:256/n]
}

// fitPositive quantizes the scales or minima v of the runs to 0 … top, those of
// runs with large weights best.
func (s *search) fitPositive(v []float32, top int32, q *[16]uint8) (scale float32) {
	return searchPositive(top, v, s.sumWeights(256/len(v)), q[:len(v)])
}

// requantizeMin finds the integers of run j of n weights for its scale and
// minimum as they were rounded. Where the scale became 0 those of the search
// stay.
func (s *search) requantizeMin(x []float32, n, j int, scale, minimum float32, top int32) {
	if scale == 0 {
		return
	}
	x, q := x[j*n:j*n+n], s.q[j*n:j*n+n]
	for i, v := range x {
		q[i] = uint8(max(0, min(top, nearest((v+float32(minimum))/scale))))
	}
}

// requantizeSigned finds the integers of run j of 16 weights for its scale as it
// was rounded.
func (s *search) requantizeSigned(x []float32, j int, scale float32, half int32) {
	if scale == 0 {
		return
	}
	x, q := x[j*16:j*16+16], s.q[j*16:j*16+16]
	for i, v := range x {
		q[i] = uint8(clampSigned(v/scale, half) + half)
	}
}
