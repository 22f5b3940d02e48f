package fit

// lanes is the memory of a search with eight runs side by side, one in each lane of
// a vector. The sums of a run are added in the same order as in the portable
// searches, so the results are equal. Assembly finds the fields by name (go_asm.h).
type lanes struct {
	x [256]float32 // [n, 8] weights
	w [256]float32 // [n, 8] how much the weights' errors count
	t [256]float32 // scratch

	numer  [40]float32 // by trial: 1/scale times the run's range or largest weight
	trials int
	n      int   // number of weights in a run: 16 or 32
	low    int32 // range of the integers: low to high
	high   int32

	scale [8]float32 // by run: the scale that was found
	lo    [8]float32 // by run: the value of integer 0, which is minus the minimum
	inv   [8]float32 // by run: the integers are (x - from) * inv, rounded
	from  [8]float32
	tiny  [8]uint32 // by run: all bits are set if the weights count as zeros

	best, sumW, sumX [8]float32 // scratch
}

// setMin sets the trials of searchScaleMin.
func (a *lanes) setMin(p *MinSearch, n int) {
	a.n, a.trials, a.low, a.high = n, p.Trials, 0, p.Top
	a.numer[0] = float32(p.Top) // the full range
	for i := range p.Trials {
		a.numer[i+1] = p.First + float32(p.Step*float32(i)) + float32(p.Top)
	}
}

// setSigned sets the trials of SearchSigned.
func (a *lanes) setSigned(half int32, n int) {
	a.n, a.trials, a.low, a.high = n, len(signedTrials), -half, half-1
	for i, trial := range signedTrials {
		a.numer[i] = -(float32(half) + float32(float32(0.1)*trial))
	}
	clear(a.from[:])
}

// codes sets q to the integers that the search found for
// run j, minus a.low. x has the weights of the run.
func (a *lanes) codes(j int, x []float32, q []uint8) {
	if a.tiny[j] != 0 {
		clear(q[:len(x)])
		return
	}
	for i, v := range x {
		q[i] = uint8(max(a.low, min(a.high, Nearest(a.inv[j]*(v-a.from[j])))) - a.low)
	}
}
