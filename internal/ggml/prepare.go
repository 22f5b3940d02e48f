package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// Prepare makes rows of activations ready for matrix products: normalized, if
// that is wanted, and in each of the forms that the matrices ask for.
type Prepare struct {
	Eps     float32 // of the norm
	Centred bool    // the norm is LayerNorm, not RMSNorm

	src, norm, dst []float32 // of the Run at work
	rows           []int     // which rows of src; nil: all, in order
	lo, hi         int       // the rows that are prepared

	nrows   int
	cols    int
	forms   [matmul.NumActForms]matmul.Acts
	used    [matmul.NumActForms]bool // forms that are asked for
	scratch [][]float32              // [workers][cols]
}

// Reserve allocates the memory for that many workers and rows of activations, cols
// being the most columns that weights of each type have.
func (p *Prepare) Reserve(workers, rows int, cols map[quant.Type]int) {
	most := 0
	for t, n := range cols {
		p.forms[matmul.ActFormOf(t)].Reset(t, rows, n)
		most = max(most, n)
	}
	p.scratch = make([][]float32, workers)
	for i := range p.scratch {
		p.scratch[i] = make([]float32, most)
	}
}

// Bytes returns the memory in use.
func (p *Prepare) Bytes() int {
	n := 0
	for i := range p.forms {
		n += p.forms[i].Bytes()
	}
	for _, row := range p.scratch {
		n += 4 * len(row)
	}
	return n
}

// Want asks for rows × cols activations, for weights of the types that WantType
// then names. Run or SetRow fill them.
func (p *Prepare) Want(rows, cols int) {
	p.nrows, p.cols, p.used = rows, cols, [matmul.NumActForms]bool{}
}

// WantType asks for the form that weights of type t want.
func (p *Prepare) WantType(t quant.Type) {
	if i := matmul.ActFormOf(t); !p.used[i] {
		p.used[i] = true
		p.forms[i].Reset(t, p.nrows, p.cols)
	}
}

// Acts returns the activations for weights of type t.
func (p *Prepare) Acts(t quant.Type) *matmul.Acts { return &p.forms[matmul.ActFormOf(t)] }

// SetRow sets row i to x, without normalization.
func (p *Prepare) SetRow(i int, x []float32) {
	for f, used := range p.used {
		if used {
			p.forms[f].Quantize(i, x)
		}
	}
}

// Run prepares the rows of src [rows, cols], after the norm with the weights norm
// [cols], of LayerNorm [2, cols], if that is not nil. What is quantized is also written to dst [rows, cols]
// where both norm and dst are not nil.
func (p *Prepare) Run(pool *pool.Pool, src, norm, dst []float32) error {
	return p.RunPart(pool, Part{Hi: p.nrows, Src: src, Norm: norm, Dst: dst})
}

// Part is some rows of those that Want asks for. Src and Dst hold all of these.
type Part struct {
	Lo, Hi         int
	Src, Norm, Dst []float32
}

// RunPart is Run for a part of the rows.
func (p *Prepare) RunPart(pool *pool.Pool, part Part) error {
	p.src, p.norm, p.dst, p.rows = part.Src, part.Norm, part.Dst, nil
	p.lo, p.hi = part.Lo, part.Hi
	return p.run(pool)
}

// RunRows prepares rows of src [.., cols], in that order and as they are.
func (p *Prepare) RunRows(pool *pool.Pool, src []float32, rows []int) error {
	p.src, p.norm, p.dst, p.rows, p.lo, p.hi = src, nil, nil, rows, 0, p.nrows
	return p.run(pool)
}

func (p *Prepare) run(pool *pool.Pool) error {
	const minElems = 1 << 13 // that a worker is called for
	return pool.Run(p, p.hi-p.lo, minElems/p.cols+1)
}

// Do implements Task.
func (p *Prepare) Do(worker, lo, hi int) {
	for i := p.lo + lo; i < p.lo+hi; i++ {
		row := i
		if p.rows != nil {
			row = p.rows[i]
		}
		x := p.src[row*p.cols : (row+1)*p.cols]
		if p.norm != nil {
			dst := p.scratch[worker][:len(x)]
			if p.dst != nil {
				dst = p.dst[i*len(x) : (i+1)*len(x)]
			}
			if p.Centred {
				LayerNorm(dst, x, p.norm, p.Eps)
			} else {
				vec.RMSNorm(dst, x, p.norm, p.Eps)
			}
			x = dst
		}
		p.SetRow(i, x)
	}
}
