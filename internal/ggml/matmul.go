package ggml

import (
	"alpaca/internal/ggml/vec"
	"alpaca/internal/pool"
	"alpaca/internal/quant/matmul"
)

// A Product is a matrix product Scale*(W·x) + Bias for several tokens.
type Product struct {
	W     *matmul.Matrix
	Scale float32      // 0 means 1
	Bias  []float32    // [W.Rows]; nil means that there is none
	Acts  *matmul.Acts // x [tokens, W.Cols]
	Out   []float32    // [tokens, W.Rows]
}

// MatMul computes products. Up to three products with the same number of tokens are one
// task, so that workers synchronize less often.
type MatMul struct {
	workers []matmulScratch

	products [3]Product
	n        int // how many elements of products are used
	mode     matmulMode
	act      Activation // used only if mode is gated or activated
	rows     int        // number of rows in an item
	regions  []region   // the regions of the task, in the order of their items
}

// matmulMode says what MatMul does with the results.
type matmulMode uint8

const (
	store      matmulMode = iota // sets each product's Out to the product
	accumulate                   // adds products[0] to its Out
	gated                        // sets products[0].Out to act(products[0]) * products[1]
	activated                    // sets products[0].Out to act(products[0])
)

// matmulScratch is one worker's memory.
type matmulScratch struct {
	quant matmul.Scratch
	view  matmul.Matrix
	tiles [2][]float32 // [tokens, rows of an item]
}

const (
	// maxItemRows is the largest number of rows in an item. It limits the size of the tiles.
	maxItemRows = 64
	// maxTokenRows is the largest number of rows that are computed at once for a
	// single token. It is large, so that kernels read long runs of memory.
	maxTokenRows = 1024
)

// Reserve allocates the memory for a number of workers and tokens.
func (m *MatMul) Reserve(workers, tokens int) {
	m.workers = make([]matmulScratch, workers)
	for i := range m.workers {
		m.workers[i].reserve(tokens)
	}
}

// reserve allocates the tiles for a number of tokens.
func (s *matmulScratch) reserve(tokens int) {
	for j := range s.tiles {
		s.tiles[j] = make([]float32, max(maxTokenRows, tokens*maxItemRows/2)) // see start
	}
}

// bytes returns the memory in use.
func (s *matmulScratch) bytes() int { return s.quant.Bytes() + 4*(len(s.tiles[0])+len(s.tiles[1])) }

// Bytes returns the memory in use.
func (m *MatMul) Bytes() int {
	n := 0
	for i := range m.workers {
		n += m.workers[i].bytes()
	}
	return n
}

// Store computes one to three products.
func (m *MatMul) Store(p *pool.Pool, products ...Product) error {
	m.n = copy(m.products[:], products)
	return m.start(p, store)
}

// Add adds a product to its Out.
func (m *MatMul) Add(p *pool.Pool, product Product) error {
	m.n, m.products[0] = 1, product
	return m.start(p, accumulate)
}

// Gate sets gate.Out to act(gate) * up. Both matrices must have the same number of rows.
func (m *MatMul) Gate(p *pool.Pool, act Activation, gate, up Product) error {
	m.n, m.products[0], m.products[1], m.act = 1, gate, up, act
	return m.start(p, gated)
}

// Act sets product.Out to act(product).
func (m *MatMul) Act(p *pool.Pool, act Activation, product Product) error {
	m.n, m.products[0], m.act = 1, product, act
	return m.start(p, activated)
}

// minWork is the smallest number of multiply-adds that
// is worth a worker. So many take a few microseconds.
const minWork = 1 << 16

// start divides the products into items and runs them.
func (m *MatMul) start(p *pool.Pool, mode matmulMode) error {
	m.mode = mode
	tokens, work, total, least := m.products[0].Acts.Rows, 0, 0, 16
	for i := range m.products[:m.n] {
		total += m.products[i].W.Rows
		least = max(least, m.products[i].W.RowStep())
		work = max(work, m.products[i].W.Cols*tokens)
	}
	// An item has a multiple of 16 rows. So its results are whole cache lines,
	// and no two workers write to the same line. An item also has at least as
	// many rows as a kernel's panel, because a panel is computed as a whole.
	m.rows = maxItemRows
	for m.rows > least && (total/m.rows < 8*p.Threads() || tokens > 1 && m.rows > 32) {
		m.rows /= 2
	}
	return p.Run(m, m.cut(p.Threads()), minWork/(work*m.rows)+1)
}

// Do implements Task.
func (m *MatMul) Do(worker, lo, hi int) {
	for i := range m.regions {
		r := &m.regions[i]
		if first, last := max(lo-r.first, 0), min(hi-r.first, r.items); first < last {
			m.items(&m.workers[worker], r, first, last)
		}
	}
}

// items computes items first to last-1 of a region.
func (m *MatMul) items(s *matmulScratch, r *region, first, last int) {
	p, step := &m.products[r.product], 1
	if p.Acts.Rows == 1 {
		step = maxTokenRows / m.rows
	}
	for i := first; i < last; i += step {
		m.compute(s, p, r.strips(i, min(i+step, last), m.rows))
	}
	if last == r.items {
		m.compute(s, p, r.rest())
	}
}

// compute computes rows of product p, and stores, adds or activates them as m.mode says.
func (m *MatMul) compute(s *matmulScratch, p *Product, rows strips) {
	if rows.n == 0 {
		return
	}
	var x, up tile
	switch m.mode {
	case store:
		if rows.count == 1 {
			p.W.MulRows(p.Out, p.W.Rows, p.Acts, rows.lo, rows.lo+rows.n, &s.quant)
		} else {
			p.W.MulStreams(p.Out[rows.lo:], rows.apart, p.Acts, rows.streams(), &s.quant)
		}
	case accumulate, activated:
		x = s.tile(0, p, rows)
	case gated:
		x, up = s.tile(0, p, rows), s.tile(1, &m.products[1], rows)
	}
	for t := range p.Acts.Rows {
		for i := range rows.count {
			lo, hi := rows.at(i)
			out := p.Out[t*p.W.Rows+lo : t*p.W.Rows+hi]
			switch m.mode {
			case store:
				p.finish(out, lo)
			case accumulate:
				vec.Add(out, x.row(t, i))
			case activated:
				copy(out, x.row(t, i))
				m.act.Apply(out)
			case gated:
				copy(out, x.row(t, i))
				m.act.Mul(out, up.row(t, i))
			}
		}
	}
}

// finish multiplies out by the scale and adds the biases. out has the products of the rows
// from lo on.
func (p *Product) finish(out []float32, lo int) {
	if p.Scale != 0 {
		vec.Scale(out, p.Scale)
	}
	if p.Bias != nil {
		vec.Add(out, p.Bias[lo:lo+len(out)])
	}
}

// tile is a part of a product in a worker's memory.
type tile struct {
	data            []float32 // [tokens, width]
	width, first, n int
}

// row returns the results of strip i for a token.
func (x *tile) row(token, i int) []float32 { return x.data[token*x.width+x.first+i*x.n:][:x.n] }

// tile computes rows of a product, with scale and bias, in one of the worker's tiles.
func (s *matmulScratch) tile(which int, p *Product, rows strips) tile {
	x := tile{s.tiles[which], rows.count * rows.n, 0, rows.n}
	if rows.count == 1 {
		// Use a view of the rows. If they are too few for a
		// kernel's panel, the view begins some rows earlier.
		lo, hi := rows.at(0)
		first := max(0, min(lo, p.W.Rows-p.W.RowStep()))
		s.view.SetPart(p.W, first, hi)
		x.width, x.first = hi-first, lo-first
		s.view.MulRows(x.data, x.width, p.Acts, x.first, hi-first, &s.quant)
	} else {
		p.W.MulStreams(x.data, rows.n, p.Acts, rows.streams(), &s.quant)
	}
	if p.Bias != nil || p.Scale != 0 {
		for t := range p.Acts.Rows {
			for i := range rows.count {
				lo, _ := rows.at(i)
				p.finish(x.row(t, i), lo)
			}
		}
	}
	return x
}
