//go:build !purego

package fit

import (
	"alpaca/internal/quant/codebook"
	"alpaca/internal/quant/codec"
)

// iq4TableSet has the tables for the assembly of IQ4_NL and IQ4_XS. A weight's code is the number
// of iq4Middles that are not above it. Four comparisons find the code by binary search. Each
// comparison gives -1 or 0. The result so far is doubled before the next comparison is added, so
// it is minus the first bits of the code. Its low three bits are the index into the next table.
type iq4TableSet struct {
	step1               float32
	step2, step3, step4 [8]float32 // middles for the second, third and fourth comparison
	low, high           [8]float32 // values of codes 0 to 7 and 8 to 15
}

var iq4Tables = newIQ4Tables()

func newIQ4Tables() (t iq4TableSet) {
	t.step1 = iq4Middles[7]
	for k := range 2 {
		t.step2[-k&7] = iq4Middles[8*k+3]
	}
	for k := range 4 {
		t.step3[-k&7] = iq4Middles[4*k+1]
	}
	for k := range 8 {
		t.step4[-k&7] = iq4Middles[2*k]
		t.low[-k&7] = float32(codebook.IQ4[k])
		t.high[-k&7] = float32(codebook.IQ4[k+8])
	}
	return t
}

// setIQ4 sets the trials of searchIQ4.
func (a *lanes) setIQ4() {
	a.n, a.trials = 32, 15
	a.numer[0] = -float32(codebook.IQ4[0])
	for i := range 15 {
		a.numer[i+1] = float32(i-7) + float32(codebook.IQ4[0])
	}
}

// searchIQ4Runs finds the scales of up to eight runs of 32 weights.
func (s *laneSearch) searchIQ4Runs(scale []float32, x, w []float32) {
	if !codec.AVX2 || len(scale) < 8 {
		searchIQ4RunsGeneric(scale, x, w)
		return
	}
	a := &s.lanes[0]
	a.setIQ4()
	a.fill(x, w, 32, ByImportance)
	searchIQ4AVX2(a)
	copy(scale, a.scale[:])
}

// iq4Codes sets q to the codes nearest to the 32 weights x*inv.
func iq4Codes(q *[32]uint8, x []float32, inv float32) {
	if !codec.AVX2 {
		iq4CodesGeneric(q, x, inv)
		return
	}
	codesIQ4AVX2(q, &x[:32][0], inv)
}
