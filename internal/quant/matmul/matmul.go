// Package matmul multiplies matrices of weights, in the blocks of a file, with rows of
// activations. dot.go defines every result to the bit; a kernel that is chosen once for a
// matrix (kernels.go) equals it with ==:
//
//	acts.go      the other operand: activations, quantized to 8 bits or not
//	matmul.go    out = W·x, by a kernel of this CPU (multiply.go) or by dot.go
package matmul

import (
	"fmt"

	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// A Matrix is weights as they lie in a file: Rows rows of Cols weights, in the
// blocks of Type, row after row. One of NewMatrix or SetPart carries its kernel.
type Matrix struct {
	Type       quant.Type
	Rows, Cols int
	Data       []byte

	kernel *kernel.Kernel // nil where the type has none, or the Matrix was made without
}

// NewMatrix returns a view of data as a rows × cols matrix. It checks once
// what kernels rely on: the length, and that cols is a whole number of blocks.
func NewMatrix(t quant.Type, rows, cols int, data []byte) (Matrix, error) {
	if !quant.CanCompute(t) {
		return Matrix{}, fmt.Errorf("matmul: cannot compute with %v", t)
	}
	if rows <= 0 || cols <= 0 || cols%t.BlockLen() != 0 {
		return Matrix{}, fmt.Errorf("matmul: a %d × %d matrix of %v, whose blocks are %d wide", rows, cols, t, t.BlockLen())
	}
	if want := int64(rows) * int64(t.RowBytes(cols)); int64(len(data)) != want {
		return Matrix{}, fmt.Errorf("matmul: a %d × %d matrix of %v has %d bytes, want %d", rows, cols, t, len(data), want)
	}
	return Matrix{t, rows, cols, data, kernelFor(t, rows)}, nil
}

// SetPart makes w rows lo to hi-1 of another matrix, in its memory.
func (w *Matrix) SetPart(of *Matrix, lo, hi int) {
	n := of.Type.RowBytes(of.Cols)
	*w = Matrix{of.Type, hi - lo, of.Cols, of.Data[lo*n : hi*n], of.kernel}
	if k := of.choose(); k != nil && w.Rows < k.Rows {
		w.kernel = kernelFor(w.Type, w.Rows)
	}
}

// choose returns w's kernel, nil for none.
func (w *Matrix) choose() *kernel.Kernel {
	if w.kernel == nil {
		return kernelFor(w.Type, w.Rows)
	}
	return w.kernel
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
	tail  []byte      // the last columns of rows that do not end with a whole step
	sums  [16]float32 // of a float panel's rows, for a token
	args  kernel.Args
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
	if k := w.choose(); k != nil {
		if to := (results{out, stride, lo, hi}); w.Rows < k.Rows {
			w.mulNarrow(k, to, a, s)
		} else {
			w.mulKernel(k, to, a, s)
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

// check panics unless w can be multiplied with a.
func (w *Matrix) check(a *Acts) {
	if w.Cols != a.Cols || !a.Fits(w.Type) {
		panic(fmt.Sprintf("matmul: matrix product of %v [%d %d] with activations [%d %d] of another kind or width", w.Type, w.Rows, w.Cols, a.Rows, a.Cols))
	}
}

// InStreams reports whether MulStreams is the fastest way to multiply w with a single row of
// activations. Each of its four streams from memory takes a microsecond to start. A caller
// that continues where the last call stopped keeps them flowing.
func (w *Matrix) InStreams() bool {
	k := w.choose()
	return k != nil && w.Rows >= k.Rows && k.Streams(w.Cols)
}

// Streams are four runs of N rows each, from rows Lo, Lo+Apart, Lo+2*Apart and Lo+3*Apart on.
type Streams struct{ Lo, Apart, N int }

// MulStreams is MulRows for a single row of activations and four runs of rows, where
// InStreams says so:
//
//	out[i*outApart+r] = dot(w row Lo+i*Apart+r, a)    i < 4, r < N
func (w *Matrix) MulStreams(out []float32, outApart int, a *Acts, rows Streams, s *Scratch) {
	w.check(a)
	if rows.N < 1 {
		return // the kernels count down to zero
	}
	w.mulStreams(w.choose(), out, outApart, a, rows, s)
}

// RowStep returns the number of rows that MulRows computes at once.
func (w *Matrix) RowStep() int {
	if k := kernelOf(w.Type); k != nil {
		return k.Rows
	}
	return 1
}
