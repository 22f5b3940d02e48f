package sampler

import "alpaca/internal/fmath"

// draw returns the index of a random candidate, chosen with probability p. It
// follows libstdc++'s discrete_distribution. It returns the first candidate at which the
// partial sum of the normalized probabilities reaches a random number. If no partial sum
// reaches it, draw returns the last candidate. A single candidate uses no random number.
//
// Candidates with p = 0 at the end are removed first, so that rounding of the sums cannot make
// an impossible token possible.
func draw(g *fmath.MT19937, list []candidate) int {
	for len(list) > 1 && list[len(list)-1].p == 0 {
		list = list[:len(list)-1]
	}
	if len(list) < 2 {
		return 0
	}
	sum := 0.0
	for i := range list {
		sum += float64(list[i].p)
	}
	u := g.Float64()
	partial := 0.0
	for i := range list {
		partial += float64(list[i].p) / sum
		if partial >= u {
			return i
		}
	}
	return len(list) - 1
}
