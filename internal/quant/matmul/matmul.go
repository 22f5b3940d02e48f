// Package matmul multiplies matrices of weights, in the blocks of a file, with
// rows of activations. dot.go defines every result to the bit. The kernel that
// kernels.go chooses for a matrix gives the same bits. Other files:
//
//	acts.go      the other operand: activations, as 8-bit integers or floats
//	matmul.go    out = W·x, with a kernel of this CPU (multiply.go) or as in dot.go
package matmul

import (
	"fmt"

	"alpaca/internal/quant"
	"alpaca/internal/quant/kernel"
)

// A Matrix has weights as in a file: Rows rows of Cols weights, row after row, in blocks of
// Type. NewMatrix and SetPart set its kernel.
type Matrix struct {
	Type       quant.Type
	Rows, Cols int
	Data       []byte

	kernel *kernel.Kernel // nil if the type has no kernel, or if the kernel is not set yet
}

// NewMatrix returns a view of data as a rows × cols matrix. It checks what kernels rely
// on: data must have the right length, and cols must be a whole number of blocks.
func NewMatrix(t quant.Type, rows, cols int, data []byte) (Matrix, error) {
	if !quant.CanCompute(t) {
		return Matrix{}, fmt.Errorf("matmul: cannot compute with %v", t)
	}
	if rows <= 0 || cols <= 0 || cols%t.BlockLen() != 0 {
		return Matrix{}, fmt.Errorf("matmul: cannot make a %d × %d matrix of %v: both sizes must be positive, and the columns must be a multiple of %d", rows, cols, t, t.BlockLen())
	}
	if want := int64(rows) * int64(t.RowBytes(cols)); int64(len(data)) != want {
		return Matrix{}, fmt.Errorf("matmul: a %d × %d matrix of %v has %d bytes, want %d", rows, cols, t, len(data), want)
	}
	return Matrix{t, rows, cols, data, kernelFor(t, rows)}, nil
}

// SetPart turns w into a view of some rows of another matrix: rows lo to hi-1. It copies no
// elements.
func (w *Matrix) SetPart(of *Matrix, lo, hi int) {
	n := of.Type.RowBytes(of.Cols)
	*w = Matrix{of.Type, hi - lo, of.Cols, of.Data[lo*n : hi*n], of.kernel}
	if k := of.choose(); k != nil && w.Rows < k.Rows {
		w.kernel = kernelFor(w.Type, w.Rows)
	}
}

// choose returns w's kernel, or nil if its type has none.
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
	panel   []byte      // packed rows
	acc     []float32   // accumulators of a tile: [tokens, panel rows, lanes]
	tail    []byte      // the last columns of rows whose length is not a multiple of a step, padded
	sums    [16]float32 // results of a panel's rows for a token, if Kernel.Lanes is not 1
	args    kernel.Args
	whole   []byte // a matrix that has fewer rows than a panel, padded to whole panels
	touched byte   // see touch
	row     rowScratch
}

// Bytes returns how many bytes of memory s has.
func (s *Scratch) Bytes() int {
	return cap(s.panel) + cap(s.tail) + cap(s.whole) + 4*(cap(s.acc)+cap(s.row.row)+9*cap(s.row.lanes))
}

// MulRows computes rows lo to hi-1 of the product of w with all activations: out[i*stride+r] =
// dot(w row r, a row i). It is fastest if lo and hi are multiples of RowStep. Different
// goroutines may compute different rows, each with a Scratch of its own.
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

// check panics unless w can be multiplied with the activations.
func (w *Matrix) check(a *Acts) {
	if w.Cols != a.Cols || !a.Fits(w.Type) {
		panic(fmt.Sprintf("matmul: matrix product of %v [%d %d] with activations [%d %d] of another kind or width", w.Type, w.Rows, w.Cols, a.Rows, a.Cols))
	}
}

// InStreams reports whether MulStreams is the fastest way to multiply w with a single row of
// activations. Each of the four streams that MulStreams reads from memory takes a microsecond
// to start. So each call of MulStreams should continue where the previous call stopped.
func (w *Matrix) InStreams() bool {
	k := w.choose()
	return k != nil && w.Rows >= k.Rows && k.Streams(w.Cols)
}

// Streams are four runs of N rows each, which begin at rows Lo, Lo+Apart, Lo+2*Apart and
// Lo+3*Apart.
type Streams struct{ Lo, Apart, N int }

// MulStreams does what MulRows does, for a single row of activations and four runs of rows.
// InStreams must be true. It sets
//
//	out[i*outApart+r] = dot(w row Lo+i*Apart+r, a)    i < 4, r < N
func (w *Matrix) MulStreams(out []float32, outApart int, a *Acts, rows Streams, s *Scratch) {
	w.check(a)
	if rows.N < 1 {
		return // kernels expect at least one row
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
