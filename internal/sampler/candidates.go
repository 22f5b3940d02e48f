package sampler

import (
	"fmt"
	"math"

	"alpaca/internal/fmath"
)

// candidate is a token that may still be chosen.
type candidate struct {
	id    int32
	logit float32
	p     float32 // probability, valid after softmax
}

// candidates are the tokens that the chain has left so far. Every operation keeps tokens of
// equal logits in the order of their ids, so that ties are always decided in the same way.
type candidates struct {
	list   []candidate // a slice of all
	sorted bool        // list is in descending order of logit
	dense  bool        // list[i].id == i: the whole vocabulary

	all   []candidate // [vocab]
	moved []candidate // [vocab], target of reorder
	order []uint64    // [vocab], keys and indices, see reorder
	swap  []uint64    // [vocab], second buffer of radix
}

// load sets the candidates to the whole vocabulary. It fails if a logit is NaN or +Inf, which
// an intact model never produces.
func (c *candidates) load(logits []float32) error {
	if cap(c.all) < len(logits) {
		c.all = make([]candidate, len(logits))
	}
	c.list = c.all[:len(logits)]
	for i, l := range logits {
		if !(l <= math.MaxFloat32) {
			return notNumber(l, i, len(logits))
		}
		c.list[i] = candidate{id: int32(i), logit: l}
	}
	c.sorted, c.dense = false, true
	return nil
}

// notNumber returns the error for a logit that is NaN or +Inf.
func notNumber(l float32, id, n int) error {
	return fmt.Errorf("sampler: %w: %v at token %d of %d", ErrNotNumbers, l, id, n)
}

// dropImpossible removes the candidates whose logit is -Inf.
func (c *candidates) dropImpossible() {
	kept, from := 0, 0 // candidates kept so far; start of the candidates after the last impossible one
	for i := range c.list {
		if c.list[i].logit < -math.MaxFloat32 {
			kept += copy(c.list[kept:], c.list[from:i])
			from = i + 1
		}
	}
	if from > 0 {
		kept += copy(c.list[kept:], c.list[from:])
		c.list, c.dense = c.list[:kept], false
	}
}

// add adds delta to the logit of list[i]. The result stays finite, because only a caller's -Inf
// may rule out a token.
func (c *candidates) add(i int, delta float32) {
	c.list[i].logit = finite(c.list[i].logit + delta)
}

// finite replaces an infinity by the nearest finite number.
func finite(x float32) float32 { return min(max(x, -math.MaxFloat32), math.MaxFloat32) }

// truncate keeps the first n candidates of the list.
func (c *candidates) truncate(n int) {
	if n < len(c.list) {
		c.list, c.dense = c.list[:n], false
	}
}

// best returns the index of the largest logit. If several logits are equal, it returns the index
// of the lowest id.
func (c *candidates) best() int {
	if c.sorted {
		return 0
	}
	best := 0
	for i := range c.list {
		if before(c.list[i], c.list[best]) {
			best = i
		}
	}
	return best
}

// softmax sorts the candidates and sets their probabilities.
func (c *candidates) softmax() {
	c.sort()
	var sum float32
	top := c.list[0].logit
	for i := range c.list {
		c.list[i].p = float32(fmath.Exp(float64(c.list[i].logit - top)))
		sum += c.list[i].p
	}
	for i := range c.list {
		c.list[i].p /= sum
	}
}

// entropy returns -Σ p log p in nats; softmax must have been called.
func (c *candidates) entropy() float32 {
	var h float32
	for i := range c.list {
		if p := c.list[i].p; p > 0 {
			h -= float32(p * fmath.Log32(p))
		}
	}
	return h
}
