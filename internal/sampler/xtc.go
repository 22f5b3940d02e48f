package sampler

import "alpaca/internal/fmath"

// xtc removes, with the given probability, all of the tokens that are at least
// threshold likely but the least likely of them: "exclude top choices".
// P. E. Weidmann, https://github.com/oobabooga/text-generation-webui/pull/6335,
// 2024. It has a generator of its own, so that switching it on does not change
// the numbers the final draw sees.
type xtc struct {
	probability, threshold float32
	minKeep                int
	rng                    *fmath.MT19937
}

func (s *xtc) apply(c *candidates) {
	// Above one half at most one token can reach the threshold.
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
