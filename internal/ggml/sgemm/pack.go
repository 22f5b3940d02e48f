package sgemm

import (
	"unsafe"

	"alpaca/internal/quant"
)

// source is some k and columns of B as float32: from rows of memory, or from columns.
type source struct {
	data    []float32
	stride  int
	columns bool // data's rows are columns of B
}

// source returns k to k+n-1 of columns lo to hi-1 of B.
func (p *Product) source(s *Scratch, k, n, lo, hi int) source {
	b := &p.B
	if b.Weights != nil && b.Weights.Type != quant.F32 {
		return decode(s, b.Weights, b.Transposed, k, n, lo, hi)
	}
	src := source{data: b.Data, stride: b.Stride, columns: b.Transposed}
	if b.Weights != nil {
		src.data, src.stride = floats(b.Weights.Data), b.Weights.Cols
	}
	if src.columns {
		src.data = src.data[lo*src.stride+k:]
		return src
	}
	src.data = src.data[k*src.stride+lo:]
	if cols := hi - lo; cols > best.cols {
		s.rows = grow(s.rows, n*cols)
		for i := range n {
			copy(s.rows[i*cols:(i+1)*cols], src.data[i*src.stride:])
		}
		src.data, src.stride = s.rows, cols
	}
	return src
}

// decode widens a part of a weight matrix: n rows from k on, or rows lo to hi-1 where the
// matrix is transposed.
func decode(s *Scratch, w *quant.Matrix, transposed bool, k, n, lo, hi int) source {
	first, rows, col, cols := k, n, lo, hi-lo
	if transposed {
		first, rows, col, cols = lo, hi-lo, k, n
	}
	s.rows = grow(s.rows, rows*cols)
	from := w.Type.RowBytes(col)
	for i := range rows {
		quant.Decode(w.Type, s.rows[i*cols:(i+1)*cols], w.Row(first + i)[from:])
	}
	return source{data: s.rows, stride: cols, columns: transposed}
}

// floats returns the numbers of a file's bytes, which lie as a machine's do.
func floats(b []byte) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

// pack fills a panel [n, width] with columns from first on, cols of them; the others are
// zero.
func (s *source) pack(panel []float32, first, n, cols int) {
	width := best.cols
	if cols < width {
		clear(panel[:n*width])
	}
	if s.columns {
		best.transpose(panel, width, s.data[first*s.stride:], s.stride, n, cols)
		return
	}
	for p := range n {
		copy(panel[p*width:p*width+cols], s.data[p*s.stride+first:])
	}
}
