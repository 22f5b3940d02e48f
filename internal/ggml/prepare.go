package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// Prepare makes rows of activations ready for matrix products. It normalizes them if it gets
// a norm, and quantizes them to each form that the matrices need.
type Prepare struct {
	Eps     float32 // epsilon of the norm
	Centred bool    // the norm is LayerNorm instead of RMSNorm

	src, norm, dst []float32 // arguments of the current Run
	rows           []int     // which rows of src to prepare, in this order; nil means all rows
	lo, hi         int       // the rows to prepare are lo to hi-1

	nrows   int
	cols    int
	forms   [matmul.NumActForms]matmul.Acts
	used    [matmul.NumActForms]bool // the forms to fill
	scratch [][]float32              // [workers][cols]
}

// Reserve allocates the memory for a number of workers and rows of activations. For each type, cols
// has the largest number of columns of a matrix.
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

// Want asks for rows × cols activations. After Want, call WantType for
// each type of weights. Then Run or SetRow fills the activations.
func (p *Prepare) Want(rows, cols int) {
	p.nrows, p.cols, p.used = rows, cols, [matmul.NumActForms]bool{}
}

// WantType asks for the form of activations that weights of type t need.
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

// Run prepares the rows of src [rows, cols]. If norm is not nil, Run first normalizes them with
// norm's weights: [cols], or [2, cols] for LayerNorm. If dst is not nil, Run also writes the
// normalized rows to dst [rows, cols].
func (p *Prepare) Run(pool *pool.Pool, src, norm, dst []float32) error {
	return p.RunPart(pool, Part{Hi: p.nrows, Src: src, Norm: norm, Dst: dst})
}

// Part is rows Lo to Hi-1 of the rows that Want asked for. Src and Dst have all rows.
type Part struct {
	Lo, Hi         int
	Src, Norm, Dst []float32
}

// RunPart does what Run does, for a part of the rows.
func (p *Prepare) RunPart(pool *pool.Pool, part Part) error {
	p.src, p.norm, p.dst, p.rows = part.Src, part.Norm, part.Dst, nil
	p.lo, p.hi = part.Lo, part.Hi
	return p.run(pool)
}

// RunRows prepares the given rows of src [.., cols], in the given
// order, without normalization. If rows is nil, it prepares all rows.
func (p *Prepare) RunRows(pool *pool.Pool, src []float32, rows []int) error {
	p.src, p.norm, p.dst, p.rows, p.lo, p.hi = src, nil, nil, rows, 0, p.nrows
	return p.run(pool)
}

func (p *Prepare) run(pool *pool.Pool) error {
	const minElems = 1 << 13 // the smallest number of elements that is worth a worker
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
