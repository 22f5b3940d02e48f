// Package fit finds scales, minima and integers that represent runs of weights with a
// small error. A run is 16 or 32 weights with the same scale. Package fit computes the
// scale from the range of the weights, or tries several scales near that one and takes
// the best. The encoders of package quant write the results in their formats. On x86,
// vector code searches eight runs at once, one in each lane, with the same results.
package fit

// A Search has the input and the results of a k-quant encoder's searches for one super-block.
type Search struct {
	W          [256]float32 // how much an error in each weight counts
	Q          [256]uint8   // integers, shifted so that the least possible one is 0
	Scale, Min [16]float32  // each run's scale and minimum
	sumW       [16]float32  // each run's sum of W

	laneSearch // memory for searches with vectors
}

// A Weighting says how much an error in a weight counts.
type Weighting uint8

const (
	ByImportance Weighting = iota // by Search.W
	BySize                        // by the magnitude of the weight
	BySquare                      // by the square of the weight
	ByMean                        // by the magnitude of the weight plus the root mean square of its run
)

// weigh sets s.W for runs of n weights, unless the Weighting is ByImportance.
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

// scaleMinsGeneric finds the scale and minimum of each run of n weights.
func (s *Search) scaleMinsGeneric(x []float32, n int, by Weighting, p *MinSearch) {
	s.weigh(x, n, by)
	for j := range 256 / n {
		s.Scale[j], s.Min[j] = searchScaleMin(p, x[j*n:j*n+n], s.W[j*n:j*n+n], s.Q[j*n:j*n+n])
	}
}

// signedScalesGeneric finds the scale of each run of n weights.
func (s *Search) signedScalesGeneric(x []float32, n int, by Weighting, half int32) {
	s.weigh(x, n, by)
	for j := range 256 / n {
		s.Scale[j] = SearchSigned(half, x[j*n:j*n+n], s.W[j*n:j*n+n], s.Q[j*n:j*n+n])
	}
}

// refinedScalesGeneric finds the scale of each run of 16 weights, for Q3_K.
func (s *Search) refinedScalesGeneric(x []float32) {
	for j := range 16 {
		s.Scale[j] = refineSigned(4, x[j*16:j*16+16], s.Q[j*16:j*16+16])
	}
}

// SumWeights returns the sum of s.W for each run of n weights.
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

// FitPositive quantizes the scales or minima v of the runs to integers from 0 to top. Errors
// count more in runs whose sum of s.W is large.
func (s *Search) FitPositive(v []float32, top int32, q *[16]uint8) (scale float32) {
	return searchPositive(top, v, s.SumWeights(256/len(v)), q[:len(v)])
}

// requantizeGeneric finds the integers of all runs of n weights for their
// rounded scales and minima. The integers are from low to high, and s.Q gets
// them minus low. A run whose scale is 0 keeps the integers of the search.
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
