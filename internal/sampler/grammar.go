package sampler

import (
	"math"
	"math/bits"
)

// Grammar says which tokens a text may go on with. It serves one text.
type Grammar interface {
	// Allowed reports whether the text may go on with token id. The tokens that end
	// a text are among those asked for.
	Allowed(id int32) bool
	// Accept tells the grammar that the text goes on with id, which is allowed.
	Accept(id int32) error
}

// Finisher is a Grammar that can tell that its text is complete and nothing may follow,
// so that no token that ends a text has to be sampled for it.
type Finisher interface {
	Grammar
	Done() bool
}

// Lister is a Grammar that can tell all tokens at once.
type Lister interface {
	Grammar
	// List returns the tokens that the text may go on with: bit id%64 of word id/64. It is
	// valid until the text goes on; nil: they are asked for one by one.
	List() []uint64
}

// Drafter is a Grammar that can tell how its text goes on.
type Drafter interface {
	Grammar
	// Draft appends to b the bytes that come next, at most n: those that must come, and
	// those that are very likely to. It is no more than a guess which tokens they become.
	Draft(b []byte, n int) []byte
}

// SampleWith returns the next token as Sample does, of those that g allows. As in
// llama.cpp a token is sampled without g first; only if g refuses it the chain runs once
// more, over the tokens that g allows, and takes random numbers again. The error wraps
// ErrNoToken where g allows none.
func (s *Sampler) SampleWith(logits []float32, g Grammar) (int32, error) {
	id, err := s.sample(logits, nil)
	if err != nil || g == nil || g.Allowed(id) {
		return id, err
	}
	return s.sample(logits, g)
}

// listed returns the tokens that g allows where it lists them, else nil.
func listed(g Grammar) []uint64 {
	if l, ok := g.(Lister); ok {
		return l.List()
	}
	return nil
}

// refuse rules out the candidates that g does not allow.
func (c *candidates) refuse(g Grammar) {
	for i := range c.list {
		if t := &c.list[i]; t.logit >= -math.MaxFloat32 && !g.Allowed(t.id) {
			t.logit = float32(math.Inf(-1))
		}
	}
}

// loadListed starts over with the tokens of a list. It looks at no others: where few are
// allowed, that is much less than the vocabulary.
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
	c.sorted, c.dense = false, false
}
