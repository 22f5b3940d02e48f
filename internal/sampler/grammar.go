package sampler

import (
	"fmt"
	"math"
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

// refuse rules out the candidates that g does not allow.
func (c *candidates) refuse(g Grammar) error {
	left := 0
	for i := range c.list {
		switch t := &c.list[i]; {
		case t.logit < -math.MaxFloat32:
		case g.Allowed(t.id):
			left++
		default:
			t.logit = float32(math.Inf(-1))
		}
	}
	if left == 0 {
		return fmt.Errorf("sampler: %w: the grammar allows none of the vocabulary here", ErrNoToken)
	}
	return nil
}
