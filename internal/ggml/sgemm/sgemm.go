// Package sgemm multiplies float32 matrices for training, without rounding to fewer bits: dst
// [M, N] = or += A [M, K] · B [K, N]. Each element of dst is one chain of fused multiply-adds
// over k in order (Generic). So the bits do not depend on kernels, threads and tiles. B is
// packed in panels of a few columns, from rows, from columns, or from the blocks of a
// quantized matrix. A is read in place, except that a transposed A may be packed.
package sgemm

import (
	"fmt"

	"alpaca/internal/ggml"
	"alpaca/internal/quant/matmul"
)

// A Matrix is an operand of a product: float32 numbers, or a weight matrix in any number
// format.
type Matrix struct {
	// Element (i, j) is Data[i*Stride+j] or, if Transposed, Data[j*Stride+i].
	Data       []float32
	Stride     int
	Transposed bool

	// If Weights is not nil, it replaces Data and Stride. Only B can have Weights.
	Weights *matmul.Matrix
}

// Rows returns the row-major matrix in data whose rows begin stride elements apart.
func Rows(data []float32, stride int) Matrix { return Matrix{Data: data, Stride: stride} }

// T returns m transposed.
func (m Matrix) T() Matrix {
	m.Transposed = !m.Transposed
	return m
}

// strides returns the distance between adjacent rows, and between adjacent columns, in
// elements.
func (m *Matrix) strides() (row, col int) {
	if m.Transposed {
		return 1, m.Stride
	}
	return m.Stride, 1
}

// check panics unless m has rows × cols elements.
func (m *Matrix) check(name string, rows, cols int) {
	row, col := m.strides()
	switch {
	case m.Weights != nil && m.Transposed:
		rows, cols = cols, rows
		fallthrough
	case m.Weights != nil:
		if m.Weights.Rows != rows || m.Weights.Cols != cols {
			panic(fmt.Sprintf("sgemm: %s is a weight matrix [%d, %d], but the product needs [%d, %d]", name, m.Weights.Rows, m.Weights.Cols, rows, cols))
		}
	case (rows-1)*row+(cols-1)*col >= len(m.Data):
		panic(fmt.Sprintf("sgemm: %s has %d elements, too few for [%d, %d] with stride %d", name, len(m.Data), rows, cols, m.Stride))
	}
}

// A Product is one matrix product. It is a task for a pool of workers. The items are separate
// parts of Dst.
type Product struct {
	Dst       []float32 // [M, N], whose rows begin DstStride elements apart
	DstStride int
	A, B      Matrix // [M, K], [K, N]
	M, N, K   int
	Add       bool // the product is added to Dst
	Padded    bool // Dst is [M, DstStride], and its columns from N on may get arbitrary values

	Scratch []Scratch // one for each worker

	panels, groups, cuts int // the numbers of panels of columns, of groups of panels, and of parts into which A's rows are divided
	perGroup, rows       int // the number of panels in a group, and of rows in one of the parts
}

// Scratch is one worker's memory.
type Scratch struct {
	panels []float32 // packed panels of B, each [k, width]
	slab   []float32 // packed rows of A, if A is transposed (see packsRows)
	rows   []float32 // decoded rows of weights
	tile   []float32 // a tile that extends beyond Dst
	a      []float32 // rows of A, copied for a tile by rowsOfA
	args   args
}

// depth is the block size along k: a group is computed for depth values
// of k at a time. A panel of depth rows fits in the first-level cache.
// depth is a multiple of the block length of every number format.
const depth = 256

// groupCols is the largest number of columns of B that are packed together. slabRows is the
// number of rows of A that are multiplied with all packed columns before the next rows. The
// packed columns and slabRows rows of A fit in the second-level cache together.
const groupCols, slabRows = 128, 96

// Plan divides p into items for a pool with the given number of threads, and returns the number
// of items. The result of p does not depend on threads.
func (p *Product) Plan(threads int) int {
	if p.M <= 0 || p.N <= 0 {
		return 0
	}
	p.check()
	width := best.cols
	p.panels = (p.N + width - 1) / width
	p.perGroup = max(1, min(groupCols/width, p.panels/(2*threads)))
	if w := p.B.Weights; w != nil && !p.B.Transposed && w.Type.BlockLen() > width {
		p.perGroup = max(p.perGroup*width/w.Type.BlockLen(), 1) * w.Type.BlockLen() / width
	} else { // all workers get the same number of groups
		groups := (p.panels + p.perGroup - 1) / p.perGroup
		groups = (groups + threads - 1) / threads * threads
		p.perGroup = (p.panels + groups - 1) / groups
	}
	p.groups = (p.panels + p.perGroup - 1) / p.perGroup
	// Rows are divided only if there are too few groups for the workers, because the panels
	// are packed again for each part of the rows.
	p.cuts = 1
	if least := 8 * best.rows; threads > 1 && p.groups < 3*threads {
		p.cuts = max(1, min((4*threads+p.groups-1)/p.groups, p.M/least))
		if p.groups%threads != 0 && p.cuts > threads { // all workers get the same number of parts
			p.cuts -= p.cuts % threads
		}
	}
	p.rows = (p.M + p.cuts - 1) / p.cuts
	p.rows = (p.rows + best.rows - 1) / best.rows * best.rows
	p.cuts = (p.M + p.rows - 1) / p.rows
	return p.groups * p.cuts
}

// check panics unless Dst, A and B have enough elements.
func (p *Product) check() {
	need := (p.M-1)*p.DstStride + p.N
	if p.Padded {
		need = p.M * p.DstStride
	}
	if p.DstStride < p.N || len(p.Dst) < need {
		panic(fmt.Sprintf("sgemm: dst has %d elements and stride %d, too few for [%d, %d]", len(p.Dst), p.DstStride, p.M, p.N))
	}
	if p.K > 0 {
		p.A.check("a", p.M, p.K)
		p.B.check("b", p.K, p.N)
	}
}

// Do implements pool.Task: it computes items lo to hi-1 of Plan.
func (p *Product) Do(worker, lo, hi int) {
	s := &p.Scratch[worker]
	for item := lo; item < hi; item++ {
		m := item % p.cuts * p.rows
		p.group(s, item/p.cuts, m, min(m+p.rows, p.M))
	}
}

// Run computes p on one core.
func (p *Product) Run(s *Scratch) {
	for g := range p.Plan(1) {
		p.group(s, g, 0, p.M)
	}
}

// group computes the columns of group g for rows m0 to m1-1 of A.
func (p *Product) group(s *Scratch, g, m0, m1 int) {
	width := best.cols
	first, last := g*p.perGroup, min((g+1)*p.perGroup, p.panels)
	if p.K <= 0 && !p.Add {
		for i := m0; i < m1; i++ {
			clear(p.Dst[i*p.DstStride+first*width : i*p.DstStride+min(last*width, p.N)])
		}
		return
	}
	at := slabRows
	if last-first == 1 {
		at = m1 - m0
	}
	for k := 0; k < p.K; k += depth {
		n := min(depth, p.K-k)
		p.packColumns(s, k, n, first, last)
		packs := p.packsRows(n, last-first)
		for m := m0; m < m1; m += at {
			b := tileRange{m0: m, m1: min(m+at, m1), k: k, n: n, packed: packs}
			if packs {
				p.packRows(s, &b)
			}
			for panel := first; panel < last; panel++ {
				b.col = panel * width
				b.cols = min(width, p.N-b.col)
				b.panel = s.panels[(panel-first)*n*width:][:n*width]
				p.tiles(s, &b)
			}
		}
	}
}

// tileRange is the part of a product that one call of tiles computes: rows m0 to m1-1 and
// columns col to col+cols-1 of Dst, for k to k+n-1.
type tileRange struct {
	m0, m1, k, n, col, cols int

	panel  []float32 // the packed columns of B
	packed bool      // the rows of A are in Scratch.slab
}

// tiles multiplies rows of A with a panel of B.
func (p *Product) tiles(s *Scratch, r *tileRange) {
	row, col := p.A.strides()
	a := &s.args
	a.b, a.k, a.fresh = r.panel, r.n, r.k == 0 && !p.Add
	a.use(r.cols)
	wide := r.cols == best.cols || best.masked || p.Padded && r.col+best.cols <= p.DstStride
	for i := r.m0; i < r.m1; i += best.rows {
		rows := min(best.rows, r.m1-i)
		whole := rows == best.rows
		if r.packed {
			a.a, a.row, a.col = best.slabTile(s.slab, (i-r.m0)/best.rows, r.n)
		} else {
			a.a, a.row, a.col = p.A.Data[i*row+r.k*col:], row, col
			if !whole && best.few == nil || best.rowMajor && col != 1 {
				s.rowsOfA(a, rows)
			}
		}
		at := i*p.DstStride + r.col
		a.c, a.cStride = p.Dst[at:], p.DstStride
		switch {
		case wide && whole:
			best.tile(a)
		case wide && best.few != nil:
			best.few[rows](a)
		default:
			p.edge(s, p.Dst[at:], rows, r.cols)
		}
	}
}

// edge multiplies a tile that extends beyond dst. It computes the tile
// in Scratch.tile, and copies the rows and columns that dst has.
func (p *Product) edge(s *Scratch, dst []float32, rows, cols int) {
	s.tile = ggml.Grow(s.tile, best.rows*best.cols)
	a := &s.args
	a.c, a.cStride = s.tile, best.cols
	a.use(best.cols)
	if !a.fresh {
		for i := range rows {
			copy(s.tile[i*best.cols:], dst[i*p.DstStride:i*p.DstStride+cols])
		}
	}
	if rows < best.rows && best.few != nil {
		best.few[rows](a)
	} else {
		best.tile(a)
	}
	for i := range rows {
		copy(dst[i*p.DstStride:i*p.DstStride+cols], s.tile[i*best.cols:])
	}
}

// rowsOfA copies rows of A into s.a in the layout that the
// kernel needs. It adds rows of zeros to fill the tile.
func (s *Scratch) rowsOfA(a *args, rows int) {
	n := best.rows
	s.a = ggml.Grow(s.a, depth*n)
	if rows < n {
		clear(s.a[:a.k*n])
	}
	switch {
	case !best.rowMajor:
		for i := range rows {
			for p := range a.k {
				s.a[p*n+i] = a.a[i*a.row+p*a.col]
			}
		}
		a.a, a.row, a.col = s.a, 1, n
		return
	case a.col == 1:
		for i := range rows {
			copy(s.a[i*a.k:(i+1)*a.k], a.a[i*a.row:])
		}
	default:
		best.transpose(s.a, a.k, a.a, a.col, rows, a.k)
	}
	a.a, a.row, a.col = s.a, a.k, 1
}
