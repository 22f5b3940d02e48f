package ggml

import "alpaca/internal/quant/matmul"

// region is rows lo to hi-1 of a product, divided into items. Usually one worker does all
// items of a region.
//
// Some kernels read four streams of rows at once (matmul.Matrix.InStreams). Each
// stream is a quarter of a region, and each item is the next part of all four
// streams. So a worker goes through memory without jumps from item to item.
type region struct {
	product      int
	first, items int // the number of the first item, and the number of items
	lo, hi       int
	streams      int // 4, or 1
}

// strips are count runs of n rows each, which are computed together. Run i begins at row
// lo+i*apart. If n is not 0, count is 1 or 4.
type strips struct{ lo, n, apart, count int }

// at returns the rows [lo, hi) of strip i.
func (s strips) at(i int) (lo, hi int) {
	lo = s.lo + i*s.apart
	return lo, lo + s.n
}

// streams returns four strips as matmul.Streams.
func (s strips) streams() matmul.Streams { return matmul.Streams{Lo: s.lo, Apart: s.apart, N: s.n} }

// cut divides each product into one region for each thread. An item has m.rows rows. cut returns
// the number of items.
//
// The items of all regions of one thread have consecutive numbers. They are about the share that
// a pool.Pool gives to one worker.
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

// streams returns the number of streams of rows, 4 or 1, with which the product is fastest.
func (m *MatMul) streams(p *Product) int {
	if p.Acts.Rows == 1 && p.W.InStreams() && (m.mode != gated || m.products[1].W.InStreams()) {
		return 4
	}
	return 1
}

// strips returns the rows of items first to last-1. rows is the number of rows of an item.
func (r *region) strips(first, last, rows int) strips {
	if r.streams == 1 {
		lo := r.lo + first*rows
		return strips{lo, min(r.lo+last*rows, r.hi) - lo, 0, 1}
	}
	apart := (r.hi - r.lo) / 4
	from, to := first*apart/r.items, last*apart/r.items
	return strips{r.lo + from, to - from, apart, 4}
}

// rest returns the rows, up to three, that remain after the items of four streams.
func (r *region) rest() strips {
	if r.streams == 1 {
		return strips{}
	}
	n := (r.hi - r.lo) % 4
	return strips{r.hi - n, n, 0, 1}
}
