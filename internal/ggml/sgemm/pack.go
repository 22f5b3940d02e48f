package sgemm

import (
	"unsafe"

	"alpaca/internal/ggml"
	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// source is some rows and columns of B, as float32.
type source struct {
	data    []float32
	stride  int
	columns bool // the rows of data are columns of B, not rows
}

// packColumns packs rows k to k+n-1 of B into panels first to last-1.
func (p *Product) packColumns(s *Scratch, k, n, first, last int) {
	width := best.cols
	s.panels = ggml.Grow(s.panels, (last-first)*n*width)
	step := last - first
	if p.B.Transposed {
		step = 1 // decode no more rows than fit in the first-level cache
	}
	for panel := first; panel < last; panel += step {
		src := p.source(s, k, n, panel*width, min((panel+step)*width, p.N))
		done := 0
		if !src.columns && best.copyPanels != nil {
			done = min(step, (p.N-panel*width)/width)
			best.copyPanels(s.panels[(panel-first)*n*width:], src.data, src.stride, n, done)
		}
		for i := done; i < step; i++ {
			cols := min(width, p.N-(panel+i)*width)
			src.pack(s.panels[(panel+i-first)*n*width:][:n*width], i*width, n, cols)
		}
	}
}

// source returns rows k to k+n-1 and columns lo to hi-1 of B.
func (p *Product) source(s *Scratch, k, n, lo, hi int) source {
	b := &p.B
	if b.Weights != nil && b.Weights.Type != quant.F32 {
		// Decode rows k to k+n-1 of the weights, or rows lo to hi-1 if B is transposed.
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

// decode returns a part [rows, cols] of a weight matrix, from row first and column col on.
func decode(s *Scratch, w *matmul.Matrix, first, rows, col, cols int) []float32 {
	s.rows = ggml.Grow(s.rows, rows*cols)
	from := w.Type.RowBytes(col)
	for i := range rows {
		quant.Decode(w.Type, s.rows[i*cols:(i+1)*cols], w.Row(first + i)[from:])
	}
	return s.rows
}

// floats returns the bytes of a file as float32. The
// machine must be little-endian, as model files are.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// pack fills a panel [n, width] with columns first to first+cols-1.
// The other columns of the panel have arbitrary values.
func (s *source) pack(panel []float32, first, n, cols int) {
	width := best.cols
	switch {
	case s.columns:
		best.transpose(panel, width, s.data[first*s.stride:], s.stride, n, cols)
	default:
		for p := range n {
			copy(panel[p*width:p*width+cols], s.data[p*s.stride+first:])
		}
	}
}

// farApart is a distance in elements. If a tile's elements for the first k and for the
// last k are at least that far apart, they evict each other from the first-level cache.
const farApart = 8 << 10

// packsRows reports whether the rows of A should be packed, for n values of k
// and the given number of panels. Packing helps only if A is transposed,
// because only then are the elements of a row in different cache lines.
func (p *Product) packsRows(n, panels int) bool {
	return p.A.Transposed && (best.rowMajor || best.interleave != nil && panels > 1 && n*p.A.Stride >= farApart)
}

// slabTile returns tile t of a packed slab that has n values of k, and the strides args.row and
// args.col.
func (k *kernel) slabTile(slab []float32, t, n int) (a []float32, row, col int) {
	if k.rowMajor {
		return slab[t*n*k.rows:], n, 1
	}
	return slab[t*slabStride(n, k.rows):], 1, k.rows
}

// slabStride is the distance between two tiles in a slab, in elements. It is one cache line
// more than a tile, so that tiles do not fall into the same cache sets.
func slabStride(n, rows int) int { return n*rows + 16 }

// packRows packs the rows of A in r, tile by tile.
// Missing rows of the last tile have arbitrary values.
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
