package grammar

import (
	"math"
	"sync/atomic"

	"alpaca/internal/grammar/fsa"
)

// term is a regular part of the grammar. If max is not 0, the term stands for min to max units,
// one after the other. A unit is a text of dfa, and no text of dfa is a prefix of another.
type term struct {
	dfa      *fsa.DFA
	table    []atomic.Pointer[[256]int32] // the next state by byte, for each state; made on first use
	min, max int32

	*limit // nil: the text is not limited
}

// unbounded is the max of a term that has only a min.
const unbounded = math.MaxInt32

// counted reports whether t counts its units.
func (t *term) counted() bool { return t.max != 0 }

// next returns the state after byte b, or -1 if b does not fit.
func (t *term) next(q int32, b byte) int32 { return t.row(q)[b] }

// row returns the next state for each byte, and -1 for a byte that does not fit.
func (t *term) row(q int32) *[256]int32 {
	if p := t.table[q].Load(); p != nil {
		return p
	}
	return t.fill(q)
}

func (t *term) fill(q int32) *[256]int32 {
	p := new([256]int32)
	for i := range p {
		p[i] = -1
	}
	for _, e := range t.dfa.States[q].Edges {
		for b := e.Lo; b <= e.Hi && b < 256; b++ {
			p[b] = e.To
		}
	}
	t.table[q].Store(p)
	return p
}

// accepts reports whether a text may end in state q, after count units.
func (t *term) accepts(q, count int32) bool {
	if t.counted() {
		return q == 0 && count >= t.min
	}
	return t.dfa.States[q].Accept
}

// more reports whether a text may continue in state q, after count units.
func (t *term) more(q, count int32) bool {
	return len(t.dfa.States[q].Edges) > 0 && (!t.counted() || count < t.max || q != 0)
}

// step returns the state and count after byte b.
func (t *term) step(q, count int32, b byte) (int32, int32) {
	if t.counted() && q == 0 && count >= t.max {
		return -1, 0
	}
	from := q
	q = t.next(q, b)
	if t.limit != nil && q >= 0 {
		if count += t.ticks(from, q); count+t.minTicks[q] > t.maxTicks {
			return -1, 0
		}
		return q, count
	}
	if q >= 0 && t.counted() && t.dfa.States[q].Accept {
		q = 0
		if count++; t.max == unbounded {
			count = min(count, t.min)
		}
	}
	return q, count
}
