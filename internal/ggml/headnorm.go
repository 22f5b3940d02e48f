package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// HeadNorm computes RMSNorm of every head of some vectors.
type HeadNorm struct {
	Eps float32

	list [3]NormedHeads
}

// NormedHeads is a vector X whose heads X[i*n : (i+1)*n] are normalized with the same n
// weights W. If W is nil, X is left unchanged.
type NormedHeads struct{ X, W []float32 }

// Run normalizes the vectors of list, in place.
func (h *HeadNorm) Run(p *pool.Pool, list [3]NormedHeads) error {
	h.list = list
	heads, length := 0, 1
	for i := range list {
		heads, length = heads+list[i].heads(), max(length, len(list[i].W))
	}
	const minElems = 1 << 13 // the fewest elements for a worker
	return p.Run(h, heads, minElems/length+1)
}

// heads returns how many heads are normalized.
func (v *NormedHeads) heads() int {
	if len(v.W) == 0 {
		return 0
	}
	return len(v.X) / len(v.W)
}

// Do implements Task.
func (h *HeadNorm) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		part, at := 0, i
		for at >= h.list[part].heads() {
			at -= h.list[part].heads()
			part++
		}
		w := h.list[part].W
		head := h.list[part].X[at*len(w) : (at+1)*len(w)]
		vec.RMSNorm(head, head, w, h.Eps)
	}
}
