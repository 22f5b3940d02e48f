package fit

// lanes is the memory of a search that has eight runs side by side, one in each
// lane of a vector: every run's sums keep their order, so the results are those
// of the portable searches to the bit. Assembly finds the fields by name
// (go_asm.h).
type lanes struct {
	x [256]float32 // the weights: [n, 8]
	w [256]float32 // weights of their errors
	t [256]float32 // scratch

	numer  [40]float32 // of the inverse scale to try, over a run's range
	trials int
	n      int   // weights of a run: 16 or 32
	low    int32 // the integers' range
	high   int32

	scale [8]float32 // results: of each run the scale
	lo    [8]float32 // and the minimum, not negated
	inv   [8]float32 // the integers are those of (x - from) * inv
	from  [8]float32
	tiny  [8]uint32 // all ones where the weights are taken for zeros

	best, sumW, sumX [8]float32 // scratch
}

// setMin prepares the trials of searchScaleMin.
func (a *lanes) setMin(p *MinSearch, n int) {
	a.n, a.trials, a.low, a.high = n, p.Trials, 0, p.Top
	a.numer[0] = float32(p.Top) // the full range
	for i := range p.Trials {
		a.numer[i+1] = p.First + float32(p.Step*float32(i)) + float32(p.Top)
	}
}

// setSigned prepares the trials of SearchSigned.
func (a *lanes) setSigned(half int32, n int) {
	a.n, a.trials, a.low, a.high = n, len(signedTrials), -half, half-1
	for i, trial := range signedTrials {
		a.numer[i] = -(float32(half) + float32(float32(0.1)*trial))
	}
	clear(a.from[:])
}

// codes returns the integers, from 0, that the search found for run j, whose
// weights are x.
func (a *lanes) codes(j int, x []float32, q []uint8) {
	if a.tiny[j] != 0 {
		clear(q[:len(x)])
		return
	}
	for i, v := range x {
		q[i] = uint8(max(a.low, min(a.high, Nearest(a.inv[j]*(v-a.from[j])))) - a.low)
	}
}
