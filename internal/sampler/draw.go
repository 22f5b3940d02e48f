package sampler

import "alpaca/internal/fmath"

// draw returns the index of a candidate, chosen with the odds of their p, as
// libstdc++'s discrete_distribution does: the partial sums of the normalized
// weights, the last forced to 1, searched for the first that reaches a random
// number. A single candidate costs no random number.
//
// Candidates at the end whose p is 0 are left out first: rounding of the sums
// must not make an impossible token possible.
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
