package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// HeadNorm computes RMSNorm, or LayerNorm without a bias, of every head of some vectors.
type HeadNorm struct {
	Eps float32

	list [3]NormedHeads
}

// NormedHeads is a vector X whose heads X[i*n : (i+1)*n] are normalized with the same n weights
// W. If W is nil, X is left unchanged. If Apart is positive, each head is normalized by LayerNorm
// instead of RMSNorm. The weights of head i are then row i mod Apart of W [Apart, n].
type NormedHeads struct {
	X, W  []float32
	Apart int
}

// size returns the number of elements of a head.
func (v *NormedHeads) size() int { return len(v.W) / max(1, v.Apart) }

// Run normalizes the vectors of list, in place.
func (h *HeadNorm) Run(p *pool.Pool, list [3]NormedHeads) error {
	h.list = list
	heads, length := 0, 1
	for i := range list {
		heads, length = heads+list[i].heads(), max(length, list[i].size())
	}
	const minElems = 1 << 13 // the smallest number of elements that is worth a worker
	return p.Run(h, heads, minElems/length+1)
}

// heads returns how many heads are normalized.
func (v *NormedHeads) heads() int {
	if len(v.W) == 0 {
		return 0
	}
	return len(v.X) / v.size()
}

// Do implements Task.
func (h *HeadNorm) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		part, at := 0, i
		for at >= h.list[part].heads() {
			at -= h.list[part].heads()
			part++
		}
		list := &h.list[part]
		n := list.size()
		head := list.X[at*n : (at+1)*n]
		if list.Apart > 0 {
			own := at % list.Apart
			layerNorm(head, head, list.W[own*n:(own+1)*n], nil, h.Eps)
			continue
		}
		vec.RMSNorm(head, head, list.W, h.Eps)
	}
}
