package sampler

import (
	"math"
	"math/bits"
)

// Grammar says with which tokens a text may continue. It serves one text.
type Grammar interface {
	// Allowed reports whether the text may continue with token id. id may also be a token that
	// ends the text.
	Allowed(id int32) bool
	// Accept tells the grammar that the text continues with id, which must be allowed.
	Accept(id int32) error
}

// Finisher is a Grammar that can report that its text is complete and cannot continue. Then no
// end-of-text token has to be sampled.
type Finisher interface {
	Grammar
	Done() bool
}

// Lister is a Grammar that can list all allowed tokens.
type Lister interface {
	Grammar
	// List returns the tokens with which the text may continue, as bits: bit id%64 of word id/64
	// stands for token id. The list is valid until Accept. If List returns nil, the sampler calls
	// Allowed for each token.
	List() []uint64
}

// Drafter is a Grammar that can predict how its text continues.
type Drafter interface {
	Grammar
	// Draft appends at most n bytes to b. They are the bytes that must, or very likely will,
	// come next in the text. The caller can only guess how the text will be divided into tokens.
	Draft(b []byte, n int) []byte
}

// SampleWith does what Sample does, but only for the tokens that g allows. As in llama.cpp, it
// first samples a token without g. If g refuses this token, the chain runs again, over the tokens
// that g allows and with new random numbers. The error wraps ErrNoToken if g allows no token.
func (s *Sampler) SampleWith(logits []float32, g Grammar) (int32, error) {
	id, err := s.sample(logits, nil)
	if err != nil || g == nil || g.Allowed(id) {
		return id, err
	}
	return s.sample(logits, g)
}

// listed returns the list of tokens that g allows, or nil if g does not list them.
func listed(g Grammar) []uint64 {
	if l, ok := g.(Lister); ok {
		return l.List()
	}
	return nil
}

// refuse rules out the candidates that g does not allow.
func (c *candidates) refuse(g Grammar) {
	c.ruled = true
	for i := range c.list {
		if t := &c.list[i]; t.logit >= -math.MaxFloat32 && !g.Allowed(t.id) {
			t.logit = float32(math.Inf(-1))
		}
	}
}

// loadListed sets the candidates to the tokens of list. It reads only the logits of these tokens,
// which saves much time if few tokens are allowed.
func (c *candidates) loadListed(logits []float32, list []uint64) {
	if cap(c.all) < len(logits) {
		c.all = make([]candidate, len(logits))
	}
	c.list = c.all[:0]
	for i, w := range list {
		for ; w != 0; w &= w - 1 {
			if id := i<<6 + bits.TrailingZeros64(w); id < len(logits) {
				c.list = append(c.list, candidate{id: int32(id), logit: logits[id]})
			}
		}
	}
	c.sorted, c.dense, c.ruled = false, false, true
}
