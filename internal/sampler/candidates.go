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

// candidates is what the chain works on: the tokens left so far. Equal logits
// stay in the order of their ids through every operation, so that ties fall
// the same way everywhere.
type candidates struct {
	list   []candidate // a part of all
	sorted bool        // list is in descending order of logit
	dense  bool        // list[i].id == i: the whole vocabulary

	all   []candidate // [vocab]
	moved []candidate // [vocab], the target of a reordering
	order []uint64    // [vocab], key and index: see reorder
	swap  []uint64    // [vocab], the other half of a radix pass
}

// load starts over with the whole vocabulary. It fails on logits that are NaN
// or +Inf, which no model in its right mind puts out.
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

// notNumber is the error of a logit that is NaN or +Inf.
func notNumber(l float32, id, n int) error {
	return fmt.Errorf("sampler: %w: %v at token %d of %d", ErrNotNumbers, l, id, n)
}

// dropImpossible removes the candidates whose logit is -Inf.
func (c *candidates) dropImpossible() {
	kept, from := 0, 0 // candidates that stay so far, and where those behind the last impossible one begin
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

// add changes list[i]'s logit by delta, within the finite numbers: only a
// caller's own -Inf may rule a token out.
func (c *candidates) add(i int, delta float32) {
	c.list[i].logit = finite(c.list[i].logit + delta)
}

// finite moves infinities to the nearest finite number.
func finite(x float32) float32 { return min(max(x, -math.MaxFloat32), math.MaxFloat32) }

// truncate keeps the first n candidates of the list.
func (c *candidates) truncate(n int) {
	if n < len(c.list) {
		c.list, c.dense = c.list[:n], false
	}
}

// best returns the index of the largest logit, the lowest id among equals.
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
