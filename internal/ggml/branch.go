package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
)

// AddBranch adds the result of a branch, such as attention, to the residual stream.
type AddBranch struct {
	Branch
	cols int
	h, y []float32
}

// Branch says how rows y of a branch are added to rows h of the residual stream:
//
//	h[i] += (norm(y)[i] * Weights[row]) * Scale
//
// Each operation rounds to float32. An operation whose operand is nil or 0 is omitted.
type Branch struct {
	Norm    []float32 // [cols] weights of RMSNorm
	Eps     float32   // epsilon of RMSNorm
	Weights []float32 // [rows]
	Scale   float32
}

// Run adds y [rows, cols] to h as b says. It overwrites y.
func (a *AddBranch) Run(p *pool.Pool, h, y []float32, cols int, b Branch) error {
	a.Branch, a.cols, a.h, a.y = b, cols, h, y
	const minElems = 1 << 13 // the smallest number of elements that is worth a worker
	return p.Run(a, len(h)/cols, minElems/cols+1)
}

// Do implements Task.
func (a *AddBranch) Do(_, lo, hi int) {
	for i := lo; i < hi; i++ {
		y := a.y[i*a.cols : (i+1)*a.cols]
		if a.Norm != nil {
			vec.RMSNorm(y, y, a.Norm, a.Eps)
		}
		if a.Weights != nil {
			vec.Scale(y, a.Weights[i])
		}
		if a.Scale != 0 {
			vec.Scale(y, a.Scale)
		}
		vec.Add(a.h[i*a.cols:(i+1)*a.cols], y)
	}
}
