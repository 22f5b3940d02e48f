//go:build purego || !amd64

package quant

// laneSearch is empty where the portable code does all the work.
type laneSearch struct{}

func (s *search) scaleMins(x []float32, n int, by weighting, p *minSearch) {
	s.scaleMinsGeneric(x, n, by, p)
}

func (s *search) signedScales(x []float32, n int, by weighting, half int32) {
	s.signedScalesGeneric(x, n, by, half)
}

func (s *search) refinedScales(x []float32) { s.refinedScalesGeneric(x) }

func (s *search) requantize(x []float32, n int, scale, minimum *[16]float32, low, high int32) {
	s.requantizeGeneric(x, n, scale, minimum, low, high)
}

func (*laneSearch) searchIQ4Runs(scale []float32, x, w []float32) { searchIQ4RunsGeneric(scale, x, w) }

func iq4Codes(q *[32]uint8, x []float32, inv float32) { iq4CodesGeneric(q, x, inv) }

func encodeSpan(Type, []byte, []float32) bool { return false }

func (r *runs32) searchSignedRuns(half int32, x []float32) { r.searchSignedRunsGeneric(half, x) }

func (r *runs32) searchMinRuns(p *minSearch, x []float32) { r.searchMinRunsGeneric(p, x) }
