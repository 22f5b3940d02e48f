//go:build !purego

package fit

import "alpaca/internal/quant/codec"

// Encoding spends nearly all its time in the searches and the quantization of this file.
// They process eight runs of weights at a time, one in each lane of a vector. The sums
// of a run are added in the same order as in the portable code, so the bytes are equal.

// laneSearch is the memory of one search: two groups of eight runs.
type laneSearch struct {
	lanes [2]lanes
	n     int // number of weights in each run of the last search; 0 if the search was portable code
	args  requantizeArgs
}

// requantizeArgs has the scales and minima of 16 runs of 16 weights, and the range of the
// integers.
type requantizeArgs struct {
	scale, min [16]float32
	low, high  int32
}

// toLanesAVX2 sets dst[i*8+j] = src[j*n+i] for 8 runs j of n weights.
//
//go:noescape
func toLanesAVX2(dst, src *float32, n int)

//go:noescape
func absLanesAVX2(a *lanes)

//go:noescape
func squareLanesAVX2(a *lanes)

//go:noescape
func meanLanesAVX2(a *lanes)

//go:noescape
func searchMinAVX2(a *lanes, absolute bool)

//go:noescape
func searchSignedAVX2(a *lanes)

//go:noescape
func refineSignedAVX2(a *lanes)

//go:noescape
func searchIQ4AVX2(a *lanes)

//go:noescape
func codesIQ4AVX2(q *[32]uint8, x *float32, inv float32)

//go:noescape
func requantizeAVX2(q *uint8, x *float32, a *requantizeArgs)

// fill puts eight runs of n weights of x side by side, and sets how much the error of
// each weight counts.
func (a *lanes) fill(x, w []float32, n int, by Weighting) {
	a.n = n
	toLanesAVX2(&a.x[0], &x[:8*n][0], n)
	switch by {
	case BySize:
		absLanesAVX2(a)
	case BySquare:
		squareLanesAVX2(a)
	case ByMean:
		meanLanesAVX2(a)
	case ByImportance:
		toLanesAVX2(&a.w[0], &w[:8*n][0], n)
	}
}

// eachGroup calls search for each group of eight runs and collects the results.
func (s *Search) eachGroup(x []float32, n int, by Weighting, search func(a *lanes)) {
	s.n = n
	for g := range 256 / n / 8 {
		a := &s.lanes[g]
		a.fill(x[g*8*n:], s.W[g*8*n:], n, by)
		search(a)
		for j := range 8 {
			s.Scale[8*g+j], s.Min[8*g+j] = a.scale[j], -a.lo[j]
		}
	}
}

// ScaleMins finds the scale and minimum of each run of n weights.
func (s *Search) ScaleMins(x []float32, n int, by Weighting, p *MinSearch) {
	if !codec.AVX2 {
		s.scaleMinsGeneric(x, n, by, p)
		return
	}
	s.eachGroup(x, n, by, func(a *lanes) {
		a.setMin(p, n)
		searchMinAVX2(a, p.Absolute)
	})
}

// SignedScales finds the scale of each run of n weights.
func (s *Search) SignedScales(x []float32, n int, by Weighting, half int32) {
	if !codec.AVX2 {
		s.signedScalesGeneric(x, n, by, half)
		return
	}
	s.eachGroup(x, n, by, func(a *lanes) {
		a.setSigned(half, n)
		searchSignedAVX2(a)
	})
}

// RefinedScales finds the scale of each run of 16 weights, for Q3_K.
func (s *Search) RefinedScales(x []float32) {
	if !codec.AVX2 {
		s.refinedScalesGeneric(x)
		return
	}
	s.eachGroup(x, 16, BySquare, func(a *lanes) {
		a.setSigned(4, 16)
		refineSignedAVX2(a)
	})
	s.n = refined
}

// refined is the value of laneSearch.n after a search that
// stored its integers in lanes.x, behind the weights.
const refined = -16

// searched sets run j of s.Q, which has n weights, to the integers that the search found.
func (s *Search) searched(x []float32, n, j int) {
	q := s.Q[j*n : j*n+n]
	a, j := &s.lanes[j/8], j%8
	if s.n != refined {
		a.codes(j, x, q)
		return
	}
	for i := range q {
		q[i] = 0
		if a.tiny[j] == 0 {
			q[i] = uint8(int32(a.x[128+8*i+j]) - a.low)
		}
	}
}

// Requantize finds the integers of all runs for their rounded scales and minima.
func (s *Search) Requantize(x []float32, n int, scale, minimum *[16]float32, low, high int32) {
	if !codec.AVX2 {
		s.requantizeGeneric(x, n, scale, minimum, low, high)
		return
	}
	args := &s.args
	args.low, args.high = low, high
	for j := range args.scale {
		run := j * 16 / n
		args.scale[j], args.min[j] = scale[run], minimum[run]
	}
	for j := range 256 / n {
		if scale[j] == 0 {
			s.searched(x[j*n:j*n+n], n, j)
		}
	}
	requantizeAVX2(&s.Q[0], &x[:256][0], args)
}
