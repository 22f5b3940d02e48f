package ggml

import "alpaca/internal/quant"

// A Product is one matrix product W·x + Bias of several tokens.
type Product struct {
	W    *quant.Matrix
	Bias []float32   // [W.Rows], nil for none
	Acts *quant.Acts // x: [tokens, W.Cols]
	Out  []float32   // [tokens, W.Rows]
}

// MatMul computes products. Several with the same number of tokens are one task,
// so that workers meet less often.
type MatMul struct {
	workers []matmulScratch

	products [3]Product
	n        int    // of products
	starts   [4]int // item at which each product starts
	mode     matmulMode
	rows     int // rows of an item
}

// matmulMode says what is done with the results.
type matmulMode uint8

const (
	store      matmulMode = iota // each product to its Out
	accumulate                   // products[0] is added to its Out
	gated                        // silu(products[0]) * products[1] to products[0].Out
)

// matmulScratch is one worker's memory.
type matmulScratch struct {
	quant quant.Scratch
	view  quant.Matrix
	tiles [2][]float32 // [tokens, rows of an item]
}

const (
	// maxItemRows bounds the rows of an item, and with them the tiles.
	maxItemRows = 64
	// maxTokenRows bounds those that are computed at once for a single token: so
	// many that kernels read in long runs.
	maxTokenRows = 1024
)

// Reserve allocates the memory for that many workers and tokens.
func (m *MatMul) Reserve(workers, tokens int) {
	m.workers = make([]matmulScratch, workers)
	for i := range m.workers {
		for j := range m.workers[i].tiles {
			m.workers[i].tiles[j] = make([]float32, max(maxTokenRows, tokens*maxItemRows/2)) // see start
		}
	}
}

// Bytes returns the memory in use.
func (m *MatMul) Bytes() int {
	n := 0
	for i := range m.workers {
		w := &m.workers[i]
		n += w.quant.Bytes() + 4*(len(w.tiles[0])+len(w.tiles[1]))
	}
	return n
}

// Store computes one to three products.
func (m *MatMul) Store(p *Pool, products ...Product) error { return m.run(p, store, products) }

// Add adds a product to its Out.
func (m *MatMul) Add(p *Pool, product Product) error {
	m.n, m.products[0] = 1, product
	return m.start(p, accumulate)
}

// Gate sets gate.Out to silu(gate) * up; the matrices have the same rows.
func (m *MatMul) Gate(p *Pool, gate, up Product) error {
	m.n, m.products[0], m.products[1] = 1, gate, up
	return m.start(p, gated)
}

func (m *MatMul) run(p *Pool, mode matmulMode, products []Product) error {
	m.n = copy(m.products[:], products)
	return m.start(p, mode)
}

// minWork is the multiply-adds that a worker is called for at least: some
// microseconds' worth.
const minWork = 1 << 16

// start cuts the products into items of up to 64 rows and runs them.
func (m *MatMul) start(p *Pool, mode matmulMode) error {
	m.mode = mode
	tokens, work, total, least := m.products[0].Acts.Rows, 0, 0, 16
	for i := range m.products[:m.n] {
		total += m.products[i].W.Rows
		least = max(least, m.products[i].W.RowStep())
		work = max(work, m.products[i].W.Cols*tokens)
	}
	// Multiples of 16 rows: whole cache lines of the results, so that no two
	// workers write to one. Not less than a kernel's panel, which is computed as
	// a whole.
	m.rows = maxItemRows
	for m.rows > least && (total/m.rows < 8*p.Threads() || tokens > 1 && m.rows > 32) {
		m.rows /= 2
	}
	items := 0
	for i := range m.products[:m.n] {
		m.starts[i] = items
		items += (m.products[i].W.Rows + m.rows - 1) / m.rows
	}
	m.starts[m.n] = items
	return p.Run(m, items, minWork/(work*m.rows)+1)
}

// Do implements Task.
func (m *MatMul) Do(worker, lo, hi int) {
	s := &m.workers[worker]
	step := m.rows
	if m.products[0].Acts.Rows == 1 {
		step = maxTokenRows
	}
	for i := 0; i < m.n; i++ {
		first, last := max(lo, m.starts[i]), min(hi, m.starts[i+1])
		end := min((last-m.starts[i])*m.rows, m.products[i].W.Rows)
		for from := (first - m.starts[i]) * m.rows; from < end; from += step {
			m.item(s, i, from, min(from+step, end))
		}
	}
}

// item computes rows lo to hi-1 of product i and what belongs to them.
func (m *MatMul) item(s *matmulScratch, i, lo, hi int) {
	p := &m.products[i]
	out, stride, tokens := p.Out, p.W.Rows, p.Acts.Rows
	switch m.mode {
	case store:
		p.W.MulRows(out, stride, p.Acts, lo, hi, &s.quant)
		if p.Bias != nil {
			for t := range tokens {
				addTo(out[t*stride+lo:t*stride+hi], p.Bias[lo:hi])
			}
		}
	case accumulate:
		tile, width, at := s.tile(0, p, lo, hi)
		for t := range tokens {
			addTo(out[t*stride+lo:t*stride+hi], tile[t*width+at:])
		}
	case gated:
		gate, width, at := s.tile(0, p, lo, hi)
		up, upWidth, upAt := s.tile(1, &m.products[1], lo, hi)
		for t := range tokens {
			dst := out[t*stride+lo : t*stride+hi]
			copy(dst, gate[t*width+at:])
			siluMul(dst, up[t*upWidth+upAt:])
		}
	}
}

// tile computes rows lo to hi-1 of a product, bias included, into one of the
// worker's tiles: that of token t and row r is tile[t*width + at + r-lo].
func (s *matmulScratch) tile(which int, p *Product, lo, hi int) (tile []float32, width, at int) {
	// A view of the rows, and of some before them where they alone are too few
	// for a kernel's panel.
	first := max(0, min(lo, p.W.Rows-p.W.RowStep()))
	rowBytes := p.W.Type.RowBytes(p.W.Cols)
	s.view = quant.Matrix{Type: p.W.Type, Rows: hi - first, Cols: p.W.Cols, Data: p.W.Data[first*rowBytes : hi*rowBytes]}
	tile, width, at = s.tiles[which], hi-first, lo-first
	s.view.MulRows(tile, width, p.Acts, at, hi-first, &s.quant)
	if p.Bias != nil {
		for t := range p.Acts.Rows {
			addTo(tile[t*width+at:(t+1)*width], p.Bias[lo:hi])
		}
	}
	return tile, width, at
}
