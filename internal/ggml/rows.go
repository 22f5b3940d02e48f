package ggml

import "alpaca/internal/pool"

// minElems is how many elements of a cheap operation a worker is called for.
const minElems = 1 << 13

// NormAdd adds the RMSNorm of rows to other rows.
type NormAdd struct {
	Eps float32

	h, x, w []float32
}

// Run sets each row of h [rows, n] to h + RMSNorm(x) with the n weights w. x [rows, n] is
// overwritten.
func (a *NormAdd) Run(p *pool.Pool, h, x, w []float32) error {
	a.h, a.x, a.w = h, x, w
	return p.Run(a, len(h)/len(w), minElems/len(w)+1)
}

// Do implements Task.
func (a *NormAdd) Do(_, lo, hi int) {
	n := len(a.w)
	for i := lo; i < hi; i++ {
		x := a.x[i*n : (i+1)*n]
		RMSNorm(x, x, a.w, a.Eps)
		addTo(a.h[i*n:(i+1)*n], x)
	}
}

// Cap puts a soft cap on numbers.
type Cap struct {
	x []float32
	c float32
}

// Run replaces x[i] by c tanh(x[i]/c).
func (a *Cap) Run(p *pool.Pool, x []float32, c float32) error {
	a.x, a.c = x, c
	return p.Run(a, (len(x)+capRun-1)/capRun, minElems/capRun+1)
}

const capRun = 1 << 10 // elements of an item

// Do implements Task.
func (a *Cap) Do(_, lo, hi int) { softCap(a.x[lo*capRun:min(hi*capRun, len(a.x))], a.c) }
