package engine

import (
	"math/bits"
	"time"
)

// pace measures how long steps take, by their number of rows. The engine cuts prompts by it,
// so that no running answer waits much longer than target for its next token. Where a prompt
// is cut never shows in a result.
type pace struct {
	target time.Duration
	row    [32]float64 // nanoseconds a row of steps with 2^(i-1) < rows <= 2^i; 0: not known
}

// class returns which of the figures is about steps of that many rows.
func class(rows int) int { return bits.Len(uint(max(rows, 1) - 1)) }

// learn takes note of a step.
func (p *pace) learn(rows int, d time.Duration) {
	const weight = 0.25 // of what is new
	c := &p.row[class(rows)]
	now := float64(d) / float64(rows)
	if *c == 0 {
		*c = now
	}
	*c += weight * (now - *c)
}

// estimate returns how long a step of that many rows takes, 0 where nothing is known. A
// row of a larger step takes less time, so that smaller ones tell the most it can be.
func (p *pace) estimate(rows int) time.Duration {
	for i := class(rows); i >= 0; i-- {
		if p.row[i] > 0 {
			return time.Duration(p.row[i] * float64(rows))
		}
	}
	return 0
}

// bound returns how long a step of that many rows takes at most, where only larger steps
// are known; 0 where none is.
func (p *pace) bound(rows int) time.Duration {
	for i := class(rows); i < len(p.row); i++ {
		if p.row[i] > 0 {
			return time.Duration(p.row[i] * float64(int64(1)<<i))
		}
	}
	return 0
}

const (
	leastChunk = 8  // rows of a prompt that a step takes at least
	firstChunk = 32 // while nothing is known
)

// chunk returns how many rows of prompts, at most most, go with rows others into a step.
func (p *pace) chunk(rows, most int) int {
	if rows == 0 {
		return most
	}
	best := min(leastChunk, most)
	for n := leastChunk; n/2 < most; n *= 2 {
		d := p.estimate(rows + min(n, most))
		if d == 0 {
			if d = p.bound(rows + min(n, most)); d == 0 || d > p.target {
				return max(best, min(firstChunk, most))
			}
		}
		if d > p.target {
			break
		}
		best = min(n, most)
	}
	return best
}
