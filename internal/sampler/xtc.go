package sampler

import "alpaca/internal/fmath"

// xtc ("exclude top choices") takes effect with the given probability. It removes all tokens
// with a probability of at least threshold, except the least likely of them. P. E. Weidmann,
// https://github.com/oobabooga/text-generation-webui/pull/6335, 2024. xtc has a random
// generator of its own, so that it does not change the random numbers of the final draw.
type xtc struct {
	probability, threshold float32
	minKeep                int
	rng                    *fmath.MT19937
}

func (s *xtc) apply(c *candidates) {
	// At most one token can reach a threshold above one half.
	if s.threshold > 0.5 || len(c.list) < 2 || s.rng.Float32() > s.probability {
		return
	}
	c.softmax()
	last := 0
	for last+1 < len(c.list) && c.list[last+1].p >= s.threshold {
		last++
	}
	if last > 0 && len(c.list)-last >= s.minKeep {
		c.list, c.dense = c.list[last:], false
	}
}

func (s *xtc) accept(int32) {}
