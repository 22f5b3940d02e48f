package lora

import "alpaca/internal/quant"

// AddTo adds scale times the pair to x, a row of its tensor, which are counted through all
// matrices of a stack. Sums are in float64, so that each weight is rounded once.
func (p *Pair) AddTo(x []float32, row int, scale float64) {
	matrix := row / p.Rows
	a := p.A[matrix*p.Rank*p.Cols:][:p.Rank*p.Cols]
	b := p.B[row*p.Rank:][:p.Rank]
	sums := make([]float64, p.Cols)
	for k, by := range b {
		for j, v := range a[k*p.Cols:][:p.Cols] {
			sums[j] += float64(by) * float64(v)
		}
	}
	for j, sum := range sums {
		x[j] = float32(float64(x[j]) + float64(scale*p.Scale*sum))
	}
}

// MoveTo moves x, a row of the tensor whose place w takes, towards that of w: all the way
// by a scale of 1.
func (w *Whole) MoveTo(x []float32, row int, scale float64) {
	n := w.Type.RowBytes(len(x))
	own := make([]float32, len(x))
	quant.Decode(w.Type, own, w.Data[row*n:(row+1)*n])
	for i, to := range own {
		x[i] = float32(float64(x[i]) + float64(scale*(float64(to)-float64(x[i]))))
	}
}
