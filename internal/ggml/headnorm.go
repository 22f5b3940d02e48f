package ggml

import "alpaca/internal/pool"

// HeadNorm is RMSNorm of every head of some vectors, with the same weights for all
// heads of a vector: x[i*n : (i+1)*n] for each i, n being the number of weights.
type HeadNorm struct {
	Eps float32

	x, w [2][]float32
}

// Run normalizes q by wq and k by wk, in place; vectors whose weights are nil stay as
// they are.
func (h *HeadNorm) Run(p *pool.Pool, q, wq, k, wk []float32) error {
	h.x, h.w = [2][]float32{q, k}, [2][]float32{wq, wk}
	const minElems = 1 << 13 // that a worker is called for
	return p.Run(h, h.heads(0)+h.heads(1), minElems/max(1, len(wq), len(wk))+1)
}

// heads returns how many heads of x[i] are normalized.
func (h *HeadNorm) heads(i int) int {
	if len(h.w[i]) == 0 {
		return 0
	}
	return len(h.x[i]) / len(h.w[i])
}

// Do implements Task.
func (h *HeadNorm) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		part, at := 0, i
		if heads := h.heads(0); at >= heads {
			part, at = 1, at-heads
		}
		w := h.w[part]
		head := h.x[part][at*len(w) : (at+1)*len(w)]
		RMSNorm(head, head, w, h.Eps)
	}
}
