package sampler

import (
	"fmt"
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml/exps"
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
	list   []candidate // in the memory of all
	sorted bool        // list is in descending order of logit
	dense  bool        // list is the whole vocabulary: list[i].id == i
	ruled  bool        // a logit may be -Inf, which rules its token out

	all []candidate // [vocab]
}

// load sets the candidates to the whole vocabulary. It fails if a logit is NaN or +Inf, which
// an intact model never produces.
func (c *candidates) load(logits []float32) error {
	if cap(c.all) < len(logits) {
		c.all = make([]candidate, len(logits))
	}
	c.list = c.all[:len(logits)]
	least := float32(math.MaxFloat32)
	for i, l := range logits {
		if !(l <= math.MaxFloat32) {
			return notNumber(l, i, len(logits))
		}
		least = min(least, l)
		c.list[i] = candidate{id: int32(i), logit: l}
	}
	c.sorted, c.dense, c.ruled = false, true, least < -math.MaxFloat32
	return nil
}

// loadTop does what load and top(k) do, without a list of the whole vocabulary. It returns
// false if a logit is not a finite number, or if k is too large for a heap.
func (c *candidates) loadTop(logits []float32, k int) bool {
	if k > heapMax || k >= len(logits) {
		return false
	}
	if cap(c.all) < k {
		c.all = make([]candidate, k)
	}
	heap := c.all[:k]
	for i := range heap {
		heap[i] = candidate{id: int32(i), logit: logits[i]}
		if !isFinite(logits[i]) {
			return false
		}
	}
	heapify(heap)
	bound := heap[0].logit
	for i, l := range logits[k:] {
		if l <= bound && l >= -math.MaxFloat32 { // an equal logit does not displace the root, because its id is higher
			continue
		}
		if !isFinite(l) {
			return false
		}
		heap[0] = candidate{id: int32(k + i), logit: l}
		sink(heap, 0)
		bound = heap[0].logit
	}
	c.list, c.sorted, c.dense, c.ruled = heap, true, false, false
	sortHeap(heap)
	return true
}

func isFinite(x float32) bool { return x >= -math.MaxFloat32 && x <= math.MaxFloat32 }

// notNumber returns the error for a logit that is NaN or +Inf.
func notNumber(l float32, id, n int) error {
	return fmt.Errorf("sampler: %w: %v at token %d of %d", ErrNotNumbers, l, id, n)
}

// dropImpossible removes the candidates whose logit is -Inf.
func (c *candidates) dropImpossible() {
	if !c.ruled {
		return
	}
	kept, from := 0, 0 // kept counts the candidates kept so far; from is the index after the last impossible candidate
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

// add adds delta to the logit of list[i]. The result stays finite,
// because only a -Inf that the caller gave may rule a token out.
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

// best returns the index of the largest logit. If several
// candidates have it, best returns the index of the lowest id.
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
	var powers [256]float64
	for rest := c.list; len(rest) > 0; {
		part := rest[:min(len(rest), len(powers))]
		for i := range part {
			powers[i] = float64(part[i].logit - top)
		}
		exps.Exp(powers[:len(part)])
		for i := range part {
			part[i].p = float32(powers[i])
			sum += part[i].p
		}
		rest = rest[len(part):]
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
