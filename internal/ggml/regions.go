package ggml

import "alpaca/internal/quant/matmul"

// region is rows lo to hi-1 of a product, cut into items. Usually one worker does all of it.
//
// Some kernels read four streams of rows side by side (matmul.Matrix.InStreams). Their
// streams start at the quarters of a region, and each item continues all four, so that a
// worker reads on without a jump from item to item.
type region struct {
	product      int
	first, items int // number of the first item, and how many there are
	lo, hi       int
	streams      int // 4, or 1
}

// strips is rows that are computed together: rows lo to lo+n-1 and, if count is 4,
// three times as many, each apart rows after those before.
type strips struct{ lo, n, apart, count int }

// at returns the rows [lo, hi) of strip i.
func (s strips) at(i int) (lo, hi int) {
	lo = s.lo + i*s.apart
	return lo, lo + s.n
}

// streams are strips of four.
func (s strips) streams() matmul.Streams { return matmul.Streams{Lo: s.lo, Apart: s.apart, N: s.n} }

// cut cuts the products into regions, one for each thread, of items of m.rows rows, and
// returns the number of items.
//
// The items of a thread's regions follow each other: they are its share (Pool).
func (m *MatMul) cut(threads int) int {
	m.regions = m.regions[:0]
	first := 0
	for t := range threads {
		for i := range m.products[:m.n] {
			p := &m.products[i]
			items := (p.W.Rows + m.rows - 1) / m.rows
			lo, hi := items*t/threads, items*(t+1)/threads
			if lo == hi {
				continue
			}
			m.regions = append(m.regions, region{i, first, hi - lo, lo * m.rows, min(hi*m.rows, p.W.Rows), m.streams(p)})
			first += hi - lo
		}
	}
	return first
}

// streams returns how many streams of rows the product is best computed by.
func (m *MatMul) streams(p *Product) int {
	if p.Acts.Rows == 1 && p.W.InStreams() && (m.mode != gated || m.products[1].W.InStreams()) {
		return 4
	}
	return 1
}

// strips returns the rows of items first to last-1, of rows rows each.
func (r *region) strips(first, last, rows int) strips {
	if r.streams == 1 {
		lo := r.lo + first*rows
		return strips{lo, min(r.lo+last*rows, r.hi) - lo, 0, 1}
	}
	apart := (r.hi - r.lo) / 4
	from, to := first*apart/r.items, last*apart/r.items
	return strips{r.lo + from, to - from, apart, 4}
}

// rest returns the rows, up to three, that no item has where there are four streams.
func (r *region) rest() strips {
	if r.streams == 1 {
		return strips{}
	}
	n := (r.hi - r.lo) % 4
	return strips{r.hi - n, n, 0, 1}
}
