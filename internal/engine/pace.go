package engine

import (
	"math/bits"
	"slices"
	"time"
)

// pace measures how long steps take, by their number of rows. The engine divides prompts
// into slices accordingly, so that no running answer waits much longer than target for its
// next token. Results do not depend on how a prompt is divided.
type pace struct {
	target time.Duration
	known  [32]struct{ rows, time float64 } // element i has means for steps with 2^(i-1) < rows <= 2^i; time is in nanoseconds; 0: unknown
}

// class returns the index in pace.known for steps with the given number of rows.
func class(rows int) int { return bits.Len(uint(max(rows, 1) - 1)) }

// learn records that a step with the given number of rows took d.
func (p *pace) learn(rows int, d time.Duration) {
	const weight = 0.25 // the weight of a new measurement in the means
	k := &p.known[class(rows)]
	if k.rows == 0 {
		k.rows, k.time = float64(rows), float64(d)
	}
	k.rows += weight * (float64(rows) - k.rows)
	k.time += weight * (float64(d) - k.time)
}

// estimate returns about how long a step with the given number of rows takes. It returns 0
// if nothing was measured. Between two measured sizes, it interpolates. Beyond the largest
// measured size, it returns an upper bound, because a row of a larger step takes less time.
func (p *pace) estimate(rows int) time.Duration {
	n := float64(rows)
	var below struct{ rows, time float64 }
	for _, k := range p.known {
		if k.rows == 0 {
			continue
		}
		k.time = max(k.time, below.time)
		switch {
		case k.rows < n:
			below = k
		case below.rows == 0:
			return time.Duration(k.time)
		default:
			return time.Duration(below.time + (k.time-below.time)*(n-below.rows)/(k.rows-below.rows))
		}
	}
	if below.rows == 0 {
		return 0
	}
	return time.Duration(below.time * n / below.rows)
}

const (
	grain      = 8  // the rows of prompts in a step are a multiple of grain, unless a prompt ends
	firstSlice = 32 // the rows of prompts in a step while there are no measurements
)

// most returns how many rows of prompts a step can have besides the given number
// of other rows if it is to take at most d: at least grain, and at most limit.
func (p *pace) most(rows, limit int, d time.Duration) int {
	if p.estimate(rows) == 0 {
		return min(firstSlice, limit)
	}
	n := min(grain, limit)
	for m := n + grain; n < limit; m += grain {
		m = min(m, limit)
		if p.estimate(rows+m) > d {
			break
		}
		n = m
	}
	return n
}

// slice sorts the prompts by their turn. most is the number of rows of prompts
// that the next step can have. Once a prompt ends in that step and the step
// has at least enough rows, no further prompt begins. answering is the number
// of texts that are being answered; each of them has a row in the step.
//
// While texts are being answered, a step takes at most about pace.target. A prompt
// that does not fit into one step is cut into equal parts, because a step for a small
// remainder would read all weights for few rows. While no text is being answered,
// only the prompts wait for each other. Then each step finishes a prompt if it can.
//
// soon says that the first prompt can end within twice pace.target. Then its reader waits for the
// first token, and drafts would make the wait longer.
func (e *Engine) slice(answering int, prompts []*answer) (most, enough int, soon bool) {
	limit := e.runner.MaxRows() - answering
	if most = e.pace.most(answering, limit, e.pace.target); answering == 0 {
		e.line(prompts, limit)
		return limit, most, false
	}
	long := e.pace.most(answering, limit, 2*e.pace.target)
	e.line(prompts, long)
	if len(prompts) > 0 {
		most, soon = part(prompts[0].pending(), most), prompts[0].pending() <= long
	}
	return most, limit, soon
}

// part returns how many of the remaining n tokens of a prompt the
// next step evaluates. The parameter most is the limit. The prompt
// takes as few steps as possible, all of about the same length.
func part(n, most int) int {
	if n <= most || most <= 0 {
		return most
	}
	steps := (n + most - 1) / most
	rows := (n + steps - 1) / steps
	return min(most, (rows+grain-1)/grain*grain)
}

// line sorts prompts by their turn. The oldest prompt comes first, but a prompt of at most
// room tokens may overtake others. A prompt is overtaken in two steps at most.
func (e *Engine) line(prompts []*answer, room int) {
	slices.SortStableFunc(prompts, func(a, b *answer) int {
		if p, q := a.passed < 2 && b.passed >= 2, b.passed < 2 && a.passed >= 2; p != q {
			if p {
				return 1
			}
			return -1
		}
		if p, q := a.pending() <= room, b.pending() <= room; p != q {
			if p {
				return -1
			}
			return 1
		}
		return a.order - b.order
	})
}
