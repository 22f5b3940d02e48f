package engine

import (
	"math/bits"
	"time"
)

// pace measures how long steps take, by their number of rows. The engine divides prompts
// into chunks accordingly, so that no running answer waits much longer than target for its
// next token. Results do not depend on how a prompt is divided.
type pace struct {
	target time.Duration
	row    [32]float64 // nanoseconds per row in steps with 2^(i-1) < rows <= 2^i; 0: unknown
}

// class returns the index in pace.row for steps with the given number of rows.
func class(rows int) int { return bits.Len(uint(max(rows, 1) - 1)) }

// learn records that a step with the given number of rows took d.
func (p *pace) learn(rows int, d time.Duration) {
	const weight = 0.25 // the weight of a new measurement in the average
	c := &p.row[class(rows)]
	now := float64(d) / float64(rows)
	if *c == 0 {
		*c = now
	}
	*c += weight * (now - *c)
}

// estimate returns about how long a step with the given number of rows takes. It uses
// measurements of steps of that size or smaller, and returns 0 if there are none. Measurements
// of smaller steps give an upper bound, because a row of a larger step takes less time.
func (p *pace) estimate(rows int) time.Duration {
	for i := class(rows); i >= 0; i-- {
		if p.row[i] > 0 {
			return time.Duration(p.row[i] * float64(rows))
		}
	}
	return 0
}

// bound returns an upper bound of the time of a step with the given number of rows. It uses
// measurements of steps of that size or larger, and returns 0 if there are none.
func (p *pace) bound(rows int) time.Duration {
	for i := class(rows); i < len(p.row); i++ {
		if p.row[i] > 0 {
			return time.Duration(p.row[i] * float64(int64(1)<<i))
		}
	}
	return 0
}

const (
	minChunk   = 8  // the fewest rows of prompts in a step
	firstChunk = 32 // the rows of prompts in a step while there are no measurements
)

// chunk returns how many rows of prompts to add to a step. rows is the number of rows that the
// step already has, and limit is the most that chunk returns.
func (p *pace) chunk(rows, limit int) int {
	if rows == 0 {
		return limit
	}
	best := min(minChunk, limit)
	for n := minChunk; n/2 < limit; n *= 2 {
		d := p.estimate(rows + min(n, limit))
		if d == 0 {
			if d = p.bound(rows + min(n, limit)); d == 0 || d > p.target {
				return max(best, min(firstChunk, limit))
			}
		}
		if d > p.target {
			break
		}
		best = min(n, limit)
	}
	return best
}
