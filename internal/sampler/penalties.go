package sampler

// penalties make the tokens of the recent text less likely. A positive logit is divided by
// repeat, and a negative logit is multiplied by repeat (Keskar and others, "CTRL", 2019,
// https://arxiv.org/abs/1909.05858). Then frequency is subtracted for each occurrence, and
// presence once (OpenAI's API reference, "frequency and presence penalties").
type penalties struct {
	repeat, frequency, presence float32
	recent                      history
	counts                      []int32 // [vocab], occurrences in recent
}

func (s *penalties) apply(c *candidates) {
	if !c.dense {
		for i := range c.list {
			if n := s.counts[c.list[i].id]; n > 0 {
				c.list[i].logit = s.penalize(c.list[i].logit, n)
			}
		}
		c.sorted = false
		return
	}
	// If the candidates are the whole vocabulary, a loop over the recent tokens is faster than a loop
	// over the candidates. A negative count marks a token that has already got its penalty.
	for _, id := range s.recent.ring {
		if n := s.counts[id]; n > 0 {
			c.list[id].logit = s.penalize(c.list[id].logit, n)
			s.counts[id] = -n
		}
	}
	for _, id := range s.recent.ring {
		if s.counts[id] < 0 {
			s.counts[id] = -s.counts[id]
		}
	}
	c.sorted = false
}

// penalize returns the logit of a token that occurs n times.
func (s *penalties) penalize(logit float32, n int32) float32 {
	if logit <= 0 {
		logit *= s.repeat
	} else {
		logit /= s.repeat
	}
	return finite(finite(logit) - (float32(float32(n)*s.frequency) + s.presence))
}

func (s *penalties) accept(id int32) {
	s.counts[id]++
	if old, full := s.recent.push(id); full {
		s.counts[old]--
	}
}
