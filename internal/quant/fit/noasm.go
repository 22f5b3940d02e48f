//go:build purego || !amd64

package fit

// laneSearch is empty, because this CPU has only the portable code.
type laneSearch struct{}

// ScaleMins finds the scale and minimum of each run of n weights.
func (s *Search) ScaleMins(x []float32, n int, by Weighting, p *MinSearch) {
	s.scaleMinsGeneric(x, n, by, p)
}

// SignedScales finds the scale of each run of n weights.
func (s *Search) SignedScales(x []float32, n int, by Weighting, half int32) {
	s.signedScalesGeneric(x, n, by, half)
}

// RefinedScales finds the scale of each run of 16 weights, for Q3_K.
func (s *Search) RefinedScales(x []float32) { s.refinedScalesGeneric(x) }

// Requantize finds the integers of all runs for their rounded scales and minima.
func (s *Search) Requantize(x []float32, n int, scale, minimum *[16]float32, low, high int32) {
	s.requantizeGeneric(x, n, scale, minimum, low, high)
}

func (*laneSearch) searchIQ4Runs(scale []float32, x, w []float32) { searchIQ4RunsGeneric(scale, x, w) }

func iq4Codes(q *[32]uint8, x []float32, inv float32) { iq4CodesGeneric(q, x, inv) }

func (r *runs32) searchSignedRuns(half int32, x []float32) { r.searchSignedRunsGeneric(half, x) }

func (r *runs32) searchMinRuns(p *MinSearch, x []float32) { r.searchMinRunsGeneric(p, x) }
