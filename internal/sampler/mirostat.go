package sampler

import (
	"math"

	"alpaca/internal/fmath"
)

// mirostat keeps the surprise of the text near a target. The surprise is the mean of
// -log2 p over the chosen tokens. After every choice, mirostat adjusts mu, a bound on
// the surprise of a token. Mirostat replaces the final draw and all of the chain except
// the temperature. Basu, Ramachandran, Keskar, Varshney, "Mirostat: A Neural Text Decoding
// Algorithm that Directly Controls Perplexity", 2020 (https://arxiv.org/abs/2007.14966).
type mirostat struct {
	version  int     // 1 or 2
	tau, eta float32 // tau is the target surprise in bits; eta is the learning rate
	vocab    int
	mu       float32 // bound on a token's surprise in bits
}

// choose returns the index of a candidate and adjusts mu by its surprise.
func (m *mirostat) choose(c *candidates, g *fmath.MT19937) int {
	c.softmax()
	if m.version == 1 {
		c.top(m.k(c.list))
	} else {
		m.cut(c)
	}
	c.softmax()
	i := draw(g, c.list)
	m.mu -= float32(m.eta * (surprise(c.list[i].p) - m.tau))
	return i
}

// newMirostat starts with mu at twice the target, as in the paper.
func newMirostat(p *Params, v Vocab) *mirostat {
	return &mirostat{version: p.Mirostat, tau: p.MirostatTau, eta: p.MirostatEta, vocab: v.N, mu: 2 * p.MirostatTau}
}

// cut is version 2: it removes the tokens whose surprise is above mu.
func (m *mirostat) cut(c *candidates) {
	for i := range c.list {
		if surprise(c.list[i].p) > m.mu {
			c.truncate(max(i, 1))
			return
		}
	}
}

// surprise returns -log2 p.
func surprise(p float32) float32 { return float32(-fmath.Log(float64(p)) / math.Ln2) }

// zipfTokens is the number of tokens from which version 1 estimates the shape of the
// distribution. The paper calls it m.
const zipfTokens = 100

// k returns the number of tokens that version 1 keeps. It fits Zipf's law, p ∝ rank^-s, to the
// likeliest tokens (equations 6 and 7), and solves for the k that gives a surprise of mu.
func (m *mirostat) k(list []candidate) int {
	var tb, tt float64
	for i := 0; i+1 < min(len(list), zipfTokens); i++ {
		if list[i+1].p == 0 {
			break
		}
		t := fmath.Log(float64(i+2) / float64(i+1))
		b := fmath.Log(float64(list[i].p) / float64(list[i+1].p))
		tb += float64(t * b)
		tt += float64(t * t)
	}
	s := tb / tt
	eps := s - 1
	k := fmath.Pow(eps*fmath.Pow(2, float64(m.mu))/(1-fmath.Pow(float64(m.vocab), -eps)), 1/s)
	switch {
	case k >= 1 && k < math.MaxInt32:
		return int(k)
	case k < 1:
		return 1
	}
	// k is infinite or huge if a flat distribution is less surprising than mu. k is NaN if a
	// single token leaves nothing to fit.
	return len(list)
}
