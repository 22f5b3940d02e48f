// Package fit finds the scales, minima and integers that stand for runs of weights with the
// smallest error: from their range, or by a search that tries scales around it. Encoders
// of package quant put what it finds into their formats' bytes. On x86 eight runs are
// searched side by side, one in each lane of a vector, with the same results.
package fit

// A Search is what the encoders of the k-quants find out about one super-block.
type Search struct {
	W          [256]float32 // weights of the errors
	Q          [256]uint8   // integers, from 0
	Scale, Min [16]float32  // of each run
	sumW       [16]float32

	laneSearch // memory of a CPU's faster ways
}

// A Weighting says how much an error in a weight counts.
type Weighting uint8

const (
	ByImportance Weighting = iota // as Search.W says
	BySize                        // as much as the weight is large
	BySquare                      // the square of that
	ByMean                        // its size and the run's root mean square
)

// weigh fills s.W for runs of n weights.
func (s *Search) weigh(x []float32, n int, by Weighting) {
	switch by {
	case BySize:
		for i, v := range x {
			s.W[i] = Abs(v)
		}
	case BySquare:
		for i, v := range x {
			s.W[i] = v * v
		}
	case ByMean:
		for j := 0; j < len(x); j += n {
			run := x[j : j+n]
			mean := sqrt(SumSquares(run) / float32(n))
			for i, v := range run {
				s.W[j+i] = mean + Abs(v)
			}
		}
	}
}

// scaleMinsGeneric searches the scale and minimum of each run of n weights.
func (s *Search) scaleMinsGeneric(x []float32, n int, by Weighting, p *MinSearch) {
	s.weigh(x, n, by)
	for j := range 256 / n {
		s.Scale[j], s.Min[j] = searchScaleMin(p, x[j*n:j*n+n], s.W[j*n:j*n+n], s.Q[j*n:j*n+n])
	}
}

// signedScalesGeneric searches the scale of each run of n weights.
func (s *Search) signedScalesGeneric(x []float32, n int, by Weighting, half int32) {
	s.weigh(x, n, by)
	for j := range 256 / n {
		s.Scale[j] = SearchSigned(half, x[j*n:j*n+n], s.W[j*n:j*n+n], s.Q[j*n:j*n+n])
	}
}

// refinedScalesGeneric searches the scale of each run of 16 weights, for Q3_K.
func (s *Search) refinedScalesGeneric(x []float32) {
	for j := range 16 {
		s.Scale[j] = refineSigned(4, x[j*16:j*16+16], s.Q[j*16:j*16+16])
	}
}

// SumWeights returns the sums of the weights of each run of n.
func (s *Search) SumWeights(n int) []float32 {
	for j := range 256 / n {
		var sum float32
		for _, w := range s.W[j*n : j*n+n] {
			sum += w
		}
		s.sumW[j] = sum
	}
	return s.sumW[:256/n]
}

// FitPositive quantizes the scales or minima v of the runs to 0 … top, those of
// runs with large weights best.
func (s *Search) FitPositive(v []float32, top int32, q *[16]uint8) (scale float32) {
	return searchPositive(top, v, s.SumWeights(256/len(v)), q[:len(v)])
}

// requantizeGeneric finds the integers, from low to high and stored from 0, of
// all runs of n weights for their scales and minima as they were rounded. Where
// a scale became 0 those of the search stay.
func (s *Search) requantizeGeneric(x []float32, n int, scale, minimum *[16]float32, low, high int32) {
	for j := range 256 / n {
		if scale[j] == 0 {
			continue
		}
		x, q := x[j*n:j*n+n], s.Q[j*n:j*n+n]
		for i, v := range x {
			q[i] = uint8(max(low, min(high, Nearest((v+minimum[j])/scale[j]))) - low)
		}
	}
}
