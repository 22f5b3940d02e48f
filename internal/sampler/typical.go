package sampler

import (
	"math"

	"alpaca/internal/fmath"
)

// typical is locally typical sampling. It keeps the tokens whose surprise is
// nearest to the expected surprise (the entropy), until their probabilities add
// up to more than p. It keeps at least minKeep tokens. Meister, Pimentel, Wiher,
// Cotterell, "Locally Typical Sampling", 2022 (https://arxiv.org/abs/2202.00666).
type typical struct {
	stateless
	p       float32
	minKeep int
}

func (s typical) apply(c *candidates) {
	c.softmax()
	h := c.entropy()
	c.reorder(func(t *candidate) uint32 {
		if t.p == 0 {
			return math.MaxUint32
		}
		// The key is non-negative, so its bits sort like the number.
		log := fmath.Log32(t.p)
		return math.Float32bits(max(h+log, -h-log) + 0)
	})
	var sum float32
	for i := range c.list {
		sum += c.list[i].p
		if sum > s.p && i+1 >= s.minKeep {
			c.truncate(i + 1)
			return
		}
	}
}
