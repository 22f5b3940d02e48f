package train

import (
	"math"

	"alpaca/internal/fmath"
	"alpaca/internal/ggml"
)

// headMemory is scratch memory for the head, which computes the loss from hidden states.
type headMemory[T real] struct {
	at             []int // positions with a label
	some           []int // the positions that the head computes now; nil outside of the head
	x, n, dn       []T   // [rows, Dim]
	logits         []T   // [rows, stride]
	slopes         []T   // [rows, stride] derivatives of the soft cap
	losses, labels []T
}

// headBytes limits the memory for logits: the head computes one block of positions after
// the other. Softmax works row by row, so nothing is computed twice. But each block packs
// the whole output matrix again, so few large blocks are faster than many small ones.
const headBytes = 64 << 20

// headRows returns the number of rows of logits in a block, and their stride.
func (e *engine[T]) headRows() (rows, stride int) {
	stride = (e.m.Config.VocabSize + block - 1) / block * block
	return min(max(headBytes/4/stride, 16), 512), stride
}

// loss returns the sum of weight·-log p(label) over the positions with a label. If
// back is true, e.x becomes the gradient of that sum divided by n, and loss adds to
// the gradients of the head. n is the sum of the labels' weights in the whole update.
func (e *engine[T]) loss(n float64, back bool) float64 {
	h := &e.head
	h.at = h.at[:0]
	for i, label := range e.batch.Labels {
		if label != None {
			h.at = append(h.at, i)
		}
	}
	rows, _ := e.headRows()
	if blocks := (len(h.at) + rows - 1) / rows; blocks > 0 { // make all blocks equally long, because a short block needs as much packing as a long one
		rows = (len(h.at) + blocks - 1) / blocks
	}
	var total float64
	for lo := 0; lo < len(h.at); lo += rows {
		total += e.headBlock(h.at[lo:min(lo+rows, len(h.at))], n, back)
	}
	if back { // positions without a label get no gradient
		next := 0
		for i := range e.batch.Len() {
			if next < len(h.at) && h.at[next] == i {
				next++
				continue
			}
			clear(e.x[i*e.m.Config.Dim : (i+1)*e.m.Config.Dim])
		}
	}
	return total
}

// headBlock does what loss does, for the positions in the list at.
func (e *engine[T]) headBlock(at []int, n float64, back bool) (total float64) {
	h, m := &e.head, e.m
	c := &m.Config
	d, count := c.Dim, len(at)
	h.some = at
	defer func() { h.some = nil }()
	_, stride := e.headRows()
	h.x, h.n, h.dn = ggml.Grow(h.x, count*d), ggml.Grow(h.n, count*d), ggml.Grow(h.dn, count*d)
	h.logits, h.losses = ggml.Grow(h.logits, count*stride), ggml.Grow(h.losses, count)
	capped := c.LogitCap != 0
	if capped {
		h.slopes = ggml.Grow(h.slopes, count*stride)
	}
	for i, t := range at {
		copy(h.x[i*d:(i+1)*d], e.x[t*d:(t+1)*d])
	}
	e.norms(h.n[:count*d], h.x[:count*d], &m.OutputNorm)
	e.mul(product[T]{dst: h.logits, stride: stride, m: count, n: c.VocabSize, k: d, a: rows(h.n, d), b: m.Output.matrix().t()})
	if m.OutputLoRA.A != nil {
		e.adapter(&m.OutputLoRA, h.logits, stride, h.n[:count*d])
	}
	e.each(count, 1, func(_, lo, hi int) {
		for i := lo; i < hi; i++ {
			t, row, slope := at[i], h.logits[i*stride:(i+1)*stride], h.slopes
			if capped {
				slope = slope[i*stride:][:c.VocabSize]
			}
			if c.LogitScale != 0 {
				scale(row, 1/T(c.LogitScale))
			}
			if capped {
				softCap(row[:c.VocabSize], slope, T(c.LogitCap))
			}
			h.losses[i] = crossEntropy(row, c.VocabSize, e.batch.Labels[t])
			if !back {
				continue
			}
			by := T(float64(e.batch.Weights[t]) / n)
			scale(row, by)
			row[e.batch.Labels[t]] -= by
			for j, s := range slope {
				row[j] *= s
			}
			if c.LogitScale != 0 {
				scale(row, 1/T(c.LogitScale))
			}
		}
	})
	for i, t := range at {
		total += float64(float64(e.batch.Weights[t]) * float64(h.losses[i]))
	}
	if !back {
		return total
	}
	dz := rows(h.logits, stride)
	if m.Output.Trainable() {
		e.mul(product[T]{dst: m.Output.Grad, stride: d, m: c.VocabSize, n: d, k: count, a: dz.t(), b: rows(h.n, d), add: true})
	}
	e.mul(product[T]{dst: h.dn, stride: d, m: count, n: d, k: c.VocabSize, a: dz, b: m.Output.matrix()})
	if m.OutputLoRA.A != nil {
		e.adapterBack(&m.OutputLoRA, dz, h.n[:count*d], h.dn[:count*d])
	}
	e.normsBack(h.n[:count*d], h.x[:count*d], h.dn[:count*d], &m.OutputNorm, true)
	for i, t := range at {
		copy(e.x[t*d:(t+1)*d], h.n[i*d:(i+1)*d])
	}
	return total
}

// crossEntropy replaces row by its softmax and returns -log p(label). vocab is the number of
// logits; the elements after these are padding.
func crossEntropy[T real](row []T, vocab int, label int32) T {
	for j := vocab; j < len(row); j++ {
		row[j] = T(math.Inf(-1))
	}
	best := 0
	for j, z := range row[:vocab] {
		if z > row[best] {
			best = j
		}
	}
	z, top := row[label], row[best]
	softmax(row)
	// The sum of e^(z - top) is 1/p of the most likely token.
	return top - T(fmath.Log(float64(row[best]))) - z
}
