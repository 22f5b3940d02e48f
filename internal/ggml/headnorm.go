package ggml

import "alpaca/internal/pool"

// HeadNorm is RMSNorm of every head of some vectors, with the same weights for all
// heads of a vector: x[i*n : (i+1)*n] for each i, n being the number of weights.
type HeadNorm struct {
	Eps float32

	x, w [2][]float32
}

// Run normalizes q by wq and k by wk, in place.
func (h *HeadNorm) Run(p *pool.Pool, q, wq, k, wk []float32) error {
	h.x, h.w = [2][]float32{q, k}, [2][]float32{wq, wk}
	const minElems = 1 << 13 // that a worker is called for
	return p.Run(h, len(q)/len(wq)+len(k)/len(wk), minElems/len(wq)+1)
}

// Do implements Task.
func (h *HeadNorm) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		x, w, at := h.x[0], h.w[0], i
		if heads := len(x) / len(w); at >= heads {
			x, w, at = h.x[1], h.w[1], at-heads
		}
		head := x[at*len(w) : (at+1)*len(w)]
		RMSNorm(head, head, w, h.Eps)
	}
}
