package model

import (
	"slices"
)

// run has the adjacent rows lo to hi-1, whose texts use the same adapters with the same scales.
type run struct {
	lo, hi int
	scales []float32 // the scales of the model's adapters; nil: no adapters
}

// setRuns finds the runs of a batch, and makes all its rows current.
func (r *Runner) setRuns(b *Batch) {
	a := &r.lora
	a.all, a.wanted = a.all[:0], a.wanted[:0]
	for i, s := range b.seqs {
		if !s.adapted() {
			continue
		}
		span := &b.spans[i]
		a.all = appendRun(a.all, run{span.Row, span.Row + span.N, s.scales})
	}
	for _, x := range a.all {
		lo, _ := slices.BinarySearch(b.wanted, x.lo)
		if hi, _ := slices.BinarySearch(b.wanted, x.hi); hi > lo {
			a.wanted = appendRun(a.wanted, run{lo, hi, x.scales})
		}
	}
	a.runs = a.all
}

// appendRun appends x, or extends the last run by the rows of x.
func appendRun(list []run, x run) []run {
	if n := len(list); n > 0 && list[n-1].hi == x.lo && slices.Equal(list[n-1].scales, x.scales) {
		list[n-1].hi = x.hi
		return list
	}
	return append(list, x)
}

// cutRuns makes n of the wanted rows current, beginning with wanted row number from.
func (r *Runner) cutRuns(from, n int) {
	a := &r.lora
	a.runs = a.all[:0]
	for _, x := range a.wanted {
		if lo, hi := max(x.lo, from), min(x.hi, from+n); lo < hi {
			a.runs = append(a.runs, run{lo - from, hi - from, x.scales})
		}
	}
	a.all = a.runs
}

// eachRun calls f for all current rows, divided into runs of rows with the same adapters, or with
// none.
func (r *Runner) eachRun(rows int, f func(x run)) {
	at := 0
	for _, x := range r.lora.runs {
		if at < x.lo {
			f(run{at, x.lo, nil})
		}
		f(x)
		at = x.hi
	}
	if at < rows {
		f(run{at, rows, nil})
	}
}
