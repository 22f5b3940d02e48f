package quant

import "fmt"

// A Matrix is weights as they lie in a file: Rows rows of Cols weights, in the
// blocks of Type, row after row.
type Matrix struct {
	Type       Type
	Rows, Cols int
	Data       []byte
}

// NewMatrix returns a view of data as a rows × cols matrix. It checks once
// what kernels rely on: the length, and that cols is a whole number of blocks.
func NewMatrix(t Type, rows, cols int, data []byte) (Matrix, error) {
	if !CanCompute(t) {
		return Matrix{}, fmt.Errorf("quant: cannot compute with %v", t)
	}
	if rows <= 0 || cols <= 0 || cols%t.BlockLen() != 0 {
		return Matrix{}, fmt.Errorf("quant: a %d × %d matrix of %v, whose blocks are %d wide", rows, cols, t, t.BlockLen())
	}
	if want := int64(rows) * int64(t.RowBytes(cols)); int64(len(data)) != want {
		return Matrix{}, fmt.Errorf("quant: a %d × %d matrix of %v has %d bytes, want %d", rows, cols, t, len(data), want)
	}
	return Matrix{t, rows, cols, data}, nil
}

// Row returns the bytes of row i.
func (w *Matrix) Row(i int) []byte {
	n := w.Type.RowBytes(w.Cols)
	return w.Data[i*n : (i+1)*n]
}

// Scratch is one worker's memory for MulRows.
type Scratch struct {
	panel []byte      // packed rows
	acc   []float32   // a tile's accumulators: [tokens, panel rows, lanes]
	tail  []byte      // the last columns of rows that are no whole number of steps
	sums  [16]float32 // of a float panel's rows, for a token
	args  tileArgs
	whole []byte // the rows of a matrix of fewer than a panel's
	row   rowScratch
}

// Bytes returns the memory that s holds.
func (s *Scratch) Bytes() int {
	return cap(s.panel) + cap(s.tail) + cap(s.whole) + 4*(cap(s.acc)+cap(s.row.row)+9*cap(s.row.lanes))
}

// MulRows computes rows lo to hi-1 of the product of w with every row of a:
// out[i*stride+r] = dot(w row r, a row i). Work is best cut at multiples of
// RowStep. Different goroutines may compute different rows, each with a
// Scratch of its own.
func (w *Matrix) MulRows(out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	w.check(a)
	if k := kernelFor(w.Type, w.Rows); k != nil {
		if w.Rows < k.rows {
			w.mulNarrow(k, out, stride, a, lo, hi, s)
		} else {
			w.mulKernel(k, out, stride, a, lo, hi, s)
		}
		return
	}
	s.acc = resize(s.acc, a.Rows)
	for r := lo; r < hi; r++ {
		dotRow(w.Type, s.acc, w.Row(r), a, &s.row)
		for i, v := range s.acc {
			out[i*stride+r] = v
		}
	}
}

// check panics unless a is what w can be multiplied with.
func (w *Matrix) check(a *Acts) {
	if w.Cols != a.Cols || !a.Fits(w.Type) {
		panic(fmt.Sprintf("quant: matrix product of %v [%d %d] with activations [%d %d] of another kind or width", w.Type, w.Rows, w.Cols, a.Rows, a.Cols))
	}
}

// InStreams reports whether a product of w with a single row of activations is best
// computed by MulStreams: whoever goes on where it has stopped, call after call, keeps
// four streams from memory flowing, each of which takes a microsecond to start.
func (w *Matrix) InStreams() bool {
	k := kernelFor(w.Type, w.Rows)
	return k != nil && w.Rows >= k.rows && k.streams(w.Cols)
}

// MulStreams is MulRows for a single row of activations and, where InStreams says so, n
// rows each from rows lo, lo+apart, lo+2*apart and lo+3*apart on:
//
//	out[i*outApart+r] = dot(w row lo+i*apart+r, a)    i < 4, r < n
func (w *Matrix) MulStreams(out []float32, outApart int, a *Acts, lo, apart, n int, s *Scratch) {
	w.check(a)
	if n < 1 {
		return // the kernels count down to zero
	}
	w.mulStreams(kernelFor(w.Type, w.Rows), out, outApart, a, lo, apart, n, s)
}

// RowStep returns the number of rows that MulRows computes at once.
func (w *Matrix) RowStep() int {
	if k := kernelOf(w.Type); k != nil {
		return k.rows
	}
	return 1
}
