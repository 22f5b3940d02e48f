package quant

// A search is what the encoders of the k-quants find out about one super-block.
type search struct {
	w          [256]float32 // weights of the errors
	q          [256]uint8   // integers, from 0
	scale, min [16]float32  // of each run
	sumW       [16]float32

	laneSearch // memory of a CPU's faster ways
}

// A weighting says how much an error in a weight counts.
type weighting uint8

const (
	byImportance weighting = iota // as search.w says
	bySize                        // as much as the weight is large
	bySquare                      // the square of that
	byMean                        // its size and the run's root mean square
)

// weigh fills s.w for runs of n weights.
func (s *search) weigh(x []float32, n int, by weighting) {
	switch by {
	case bySize:
		for i, v := range x {
			s.w[i] = abs(v)
		}
	case bySquare:
		for i, v := range x {
			s.w[i] = v * v
		}
	case byMean:
		for j := 0; j < len(x); j += n {
			run := x[j : j+n]
			mean := sqrt(sumSquares(run) / float32(n))
			for i, v := range run {
				s.w[j+i] = mean + abs(v)
			}
		}
	}
}

// scaleMinsGeneric searches the scale and minimum of each run of n weights.
func (s *search) scaleMinsGeneric(x []float32, n int, by weighting, p *minSearch) {
	s.weigh(x, n, by)
	for j := range 256 / n {
		s.scale[j], s.min[j] = searchScaleMin(p, x[j*n:j*n+n], s.w[j*n:j*n+n], s.q[j*n:j*n+n])
	}
}

// signedScalesGeneric searches the scale of each run of n weights.
func (s *search) signedScalesGeneric(x []float32, n int, by weighting, half int32) {
	s.weigh(x, n, by)
	for j := range 256 / n {
		s.scale[j] = searchSigned(half, x[j*n:j*n+n], s.w[j*n:j*n+n], s.q[j*n:j*n+n])
	}
}

// refinedScalesGeneric searches the scale of each run of 16 weights, for Q3_K.
func (s *search) refinedScalesGeneric(x []float32) {
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

// requantizeGeneric finds the integers, from low to high and stored from 0, of
// all runs of n weights for their scales and minima as they were rounded. Where
// a scale became 0 those of the search stay.
func (s *search) requantizeGeneric(x []float32, n int, scale, minimum *[16]float32, low, high int32) {
	for j := range 256 / n {
		if scale[j] == 0 {
			continue
		}
		x, q := x[j*n:j*n+n], s.q[j*n:j*n+n]
		for i, v := range x {
			q[i] = uint8(max(low, min(high, nearest((v+minimum[j])/scale[j]))) - low)
		}
	}
}
