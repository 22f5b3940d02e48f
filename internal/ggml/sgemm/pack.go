package sgemm

import (
	"unsafe"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// source is some k and columns of B as float32: from rows of memory, or from columns.
type source struct {
	data    []float32
	stride  int
	columns bool // data's rows are columns of B
}

// packColumns fills panels first to last-1 with k to k+n-1 of B.
func (p *Product) packColumns(s *Scratch, k, n, first, last int) {
	width := best.cols
	s.panels = ggml.Grow(s.panels, (last-first)*n*width)
	step := last - first
	if p.B.Transposed {
		step = 1 // no more rows are decoded than are read while they are in the first cache
	}
	for panel := first; panel < last; panel += step {
		src := p.source(s, k, n, panel*width, min((panel+step)*width, p.N))
		for i := range step {
			cols := min(width, p.N-(panel+i)*width)
			src.pack(s.panels[(panel+i-first)*n*width:][:n*width], i*width, n, cols)
		}
	}
}

// source returns k to k+n-1 of columns lo to hi-1 of B.
func (p *Product) source(s *Scratch, k, n, lo, hi int) source {
	b := &p.B
	if b.Weights != nil && b.Weights.Type != quant.F32 {
		// Rows k to k+n-1, or rows lo to hi-1 where the matrix is transposed.
		if b.Transposed {
			return source{data: decode(s, b.Weights, lo, hi-lo, k, n), stride: n, columns: true}
		}
		return source{data: decode(s, b.Weights, k, n, lo, hi-lo), stride: hi - lo}
	}
	src := source{data: b.Data, stride: b.Stride, columns: b.Transposed}
	if b.Weights != nil {
		src.data, src.stride = floats(b.Weights.Data), b.Weights.Cols
	}
	if src.columns {
		src.data = src.data[lo*src.stride+k:]
	} else {
		src.data = src.data[k*src.stride+lo:]
	}
	return src
}

// decode widens a part of a weight matrix [rows, cols], from row first and column col on.
func decode(s *Scratch, w *matmul.Matrix, first, rows, col, cols int) []float32 {
	s.rows = ggml.Grow(s.rows, rows*cols)
	from := w.Type.RowBytes(col)
	for i := range rows {
		quant.Decode(w.Type, s.rows[i*cols:(i+1)*cols], w.Row(first + i)[from:])
	}
	return s.rows
}

// floats returns the numbers of a file's bytes, which lie as a machine's do.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// pack fills a panel [n, width] with columns from first on, cols of them; the others are
// any numbers.
func (s *source) pack(panel []float32, first, n, cols int) {
	width := best.cols
	switch {
	case s.columns:
		best.transpose(panel, width, s.data[first*s.stride:], s.stride, n, cols)
	case cols == width && best.copyRows != nil:
		best.copyRows(panel, s.data[first:], s.stride, n)
	default:
		for p := range n {
			copy(panel[p*width:p*width+cols], s.data[p*s.stride+first:])
		}
	}
}

// farApart is the distance in elements of the first and the last k of a tile from which
// on they drive each other out of the first cache.
const farApart = 8 << 10

// packsRows reports whether rows of A are packed for n k and so many panels: where its
// columns lie in memory, so that each k of a row is on a cache line of its own.
func (p *Product) packsRows(n, panels int) bool {
	return p.A.Transposed && (best.rowMajor || best.interleave != nil && panels > 1 && n*p.A.Stride >= farApart)
}

// slabTile returns tile t of a packed slab of n k, and its strides.
func (k *kernel) slabTile(slab []float32, t, n int) (a []float32, row, col int) {
	if k.rowMajor {
		return slab[t*n*k.rows:], n, 1
	}
	return slab[t*slabStride(n, k.rows):], 1, k.rows
}

// slabStride is the distance of two tiles in a slab: a cache line more than they need, so
// that they do not meet in the cache.
func slabStride(n, rows int) int { return n*rows + 16 }

// packRows packs the rows of A of a range, tile by tile. Rows that the last tile has too
// many are any numbers.
func (p *Product) packRows(s *Scratch, r *tileRange) {
	count := r.m1 - r.m0
	tiles := (count + best.rows - 1) / best.rows
	src, stride := p.A.Data[r.k*p.A.Stride+r.m0:], p.A.Stride
	if best.rowMajor {
		s.slab = ggml.Grow(s.slab, tiles*best.rows*r.n)
		for t := range tiles {
			best.transpose(s.slab[t*best.rows*r.n:], r.n, src[t*best.rows:], stride, min(best.rows, count-t*best.rows), r.n)
		}
		return
	}
	step := slabStride(r.n, best.rows)
	s.slab = ggml.Grow(s.slab, tiles*step)
	whole := count / best.rows
	if whole > 0 {
		best.interleave(s.slab, step, src, stride, r.n, whole)
	}
	if whole < tiles {
		last := s.slab[whole*step:]
		for k := range r.n {
			copy(last[k*best.rows:], src[k*stride+whole*best.rows:k*stride+count])
		}
	}
}
