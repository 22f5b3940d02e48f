//go:build !purego

package quant

import "alpaca/internal/machine"

// The searches and the quantization that Encode spends its time on, eight runs of
// weights at a time, one in each lane of a vector: each run's sums keep their
// order, so the bytes are those of the portable code.

// encodeAVX2 says whether to use them.
var encodeAVX2 = machine.Allowed("avx2")

// laneSearch is the memory that a search needs for them: two groups of eight runs.
type laneSearch struct {
	lanes [2]lanes
	n     int // weights of a run in the last search, 0 if it was the portable one
	args  requantizeArgs
}

// requantizeArgs are the scales and minima of 16 runs of 16, and the integers'
// range.
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

// fill puts eight runs of n weights side by side, with the weights of their
// errors.
func (a *lanes) fill(x, w []float32, n int, by weighting) {
	a.n = n
	toLanesAVX2(&a.x[0], &x[:8*n][0], n)
	switch by {
	case bySize:
		absLanesAVX2(a)
	case bySquare:
		squareLanesAVX2(a)
	case byMean:
		meanLanesAVX2(a)
	case byImportance:
		toLanesAVX2(&a.w[0], &w[:8*n][0], n)
	}
}

// eachGroup calls search for each group of eight runs and collects the results.
func (s *search) eachGroup(x []float32, n int, by weighting, search func(a *lanes)) {
	s.n = n
	for g := range 256 / n / 8 {
		a := &s.lanes[g]
		a.fill(x[g*8*n:], s.w[g*8*n:], n, by)
		search(a)
		for j := range 8 {
			s.scale[8*g+j], s.min[8*g+j] = a.scale[j], -a.lo[j]
		}
	}
}

func (s *search) scaleMins(x []float32, n int, by weighting, p *minSearch) {
	if !encodeAVX2 {
		s.scaleMinsGeneric(x, n, by, p)
		return
	}
	s.eachGroup(x, n, by, func(a *lanes) {
		a.setMin(p, n)
		searchMinAVX2(a, p.absolute)
	})
}

func (s *search) signedScales(x []float32, n int, by weighting, half int32) {
	if !encodeAVX2 {
		s.signedScalesGeneric(x, n, by, half)
		return
	}
	s.eachGroup(x, n, by, func(a *lanes) {
		a.setSigned(half, n)
		searchSignedAVX2(a)
	})
}

func (s *search) refinedScales(x []float32) {
	if !encodeAVX2 {
		s.refinedScalesGeneric(x)
		return
	}
	s.eachGroup(x, 16, bySquare, func(a *lanes) {
		a.setSigned(4, 16)
		refineSignedAVX2(a)
	})
	s.n = refined
}

// refined marks a search that left its integers behind the weights.
const refined = -16

// searched returns the integers that the search found for run j of n.
func (s *search) searched(x []float32, n, j int) {
	q := s.q[j*n : j*n+n]
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

// requantize finds the integers of all runs for their scales and minima as they
// were rounded.
func (s *search) requantize(x []float32, n int, scale, minimum *[16]float32, low, high int32) {
	if !encodeAVX2 {
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
	requantizeAVX2(&s.q[0], &x[:256][0], args)
}
