// Package rows makes the matrices of a GGUF file from the tensors of a checkpoint, a few rows at a
// time. It reorders rows and columns; it joins, splits, transposes and dequantizes matrices; and it
// changes elements.
//
//	weights.Tensor ── Of ──▶ Rows ── Pick, Stack, Map, … ──▶ Rows ──▶ gguf.Tensor
package rows

import (
	"fmt"
	"slices"
	"sync"

	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
)

// Rows is a matrix that is read row by row. It may also be several such matrices,
// one after the other. Rows is immutable, so several goroutines may read it.
type Rows struct {
	Type quant.Type // type of the rows: F32, F16, BF16 or MXFP4
	N    int        // number of rows
	Cols int        // elements of a row
	Data []byte     // all rows as Read returns them, or nil if they are not in memory

	// Read sets dst to rows lo to hi-1.
	Read func(dst []byte, lo, hi int) error
}

// rowBytes returns the number of bytes of a row.
func (r *Rows) rowBytes() int { return r.Type.RowBytes(r.Cols) }

// Of returns the rows of a tensor. F32, F16 and BF16 stay unchanged. F64 and
// integers are rounded to F32. 8-bit floats become BF16, which holds them exactly.
func Of(t *weights.Tensor) (*Rows, error) {
	r := &Rows{N: t.Rows(), Cols: t.Cols()}
	switch t.Type {
	case weights.F32:
		r.Type = quant.F32
	case weights.F16:
		r.Type = quant.F16
	case weights.BF16:
		r.Type = quant.BF16
	default:
		return widened(t, r)
	}
	r.Data = t.Data
	size := int64(r.rowBytes())
	r.Read = func(dst []byte, lo, hi int) error {
		if t.Data != nil {
			copy(dst, t.Data[int64(lo)*size:int64(hi)*size])
			return nil
		}
		return t.ReadAt(dst[:int64(hi-lo)*size], int64(lo)*size)
	}
	return r, nil
}

// widened does what Of does, for types that GGUF lacks.
func widened(t *weights.Tensor, r *Rows) (*Rows, error) {
	if !t.Type.Plain() {
		return nil, fmt.Errorf("%s: tensor %q is %s, which is not a plain number", t.File, t.Name, t.Type)
	}
	r.Type = quant.F32
	switch t.Type {
	case weights.F8E4M3, weights.F8E5M2, weights.F8E4M3Z, weights.F8E5M2Z:
		r.Type = quant.BF16
	}
	size := t.Type.Bytes(r.Cols)
	r.Read = func(dst []byte, lo, hi int) error {
		raw, x := bytesOf(int(int64(hi-lo)*size)), floatsOf((hi-lo)*r.Cols)
		defer raw.free()
		defer x.free()
		if err := t.ReadAt(raw.s, int64(lo)*size); err != nil {
			return err
		}
		t.Type.Decode(x.s, raw.s)
		quant.Encode(r.Type, dst[:(hi-lo)*r.rowBytes()], x.s, r.Cols, nil)
		return nil
	}
	return r, nil
}

// Floats sets dst to rows lo to hi-1 as float32.
func (r *Rows) Floats(dst []float32, lo, hi int) error {
	raw := bytesOf((hi - lo) * r.rowBytes())
	defer raw.free()
	if err := r.Read(raw.s, lo, hi); err != nil {
		return err
	}
	quant.Decode(r.Type, dst, raw.s)
	return nil
}

// Pick returns n rows of r: row i is row from(i) of r.
func (r *Rows) Pick(n int, from func(i int) int) *Rows {
	size := r.rowBytes()
	return &Rows{Type: r.Type, N: n, Cols: r.Cols, Read: func(dst []byte, lo, hi int) error {
		for i := lo; i < hi; {
			at, end := from(i), i+1
			for end < hi && from(end) == at+end-i {
				end++
			}
			if err := r.Read(dst[(i-lo)*size:(end-lo)*size], at, at+end-i); err != nil {
				return err
			}
			i = end
		}
		return nil
	}}
}

// PickCols returns n columns of r: column i is column from(i) of r. r must be F32, F16 or
// BF16.
func (r *Rows) PickCols(n int, from func(i int) int) *Rows {
	elem := r.Type.RowBytes(1)
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(from(i))
	}
	return &Rows{Type: r.Type, N: r.N, Cols: n, Read: func(dst []byte, lo, hi int) error {
		raw := bytesOf((hi - lo) * r.rowBytes())
		defer raw.free()
		if err := r.Read(raw.s, lo, hi); err != nil {
			return err
		}
		for row := range hi - lo {
			src := raw.s[row*r.rowBytes():]
			for _, c := range order {
				dst = dst[copy(dst, src[int(c)*elem:][:elem]):]
			}
		}
		return nil
	}}
}

// Stack returns the rows of all matrices in list, one after the other. The matrices must have the
// same type and the same number of columns.
func Stack(list []*Rows) *Rows {
	first := list[0]
	ends, n := make([]int, len(list)), 0
	for i, r := range list {
		n += r.N
		ends[i] = n
	}
	size := first.rowBytes()
	return &Rows{Type: first.Type, N: n, Cols: first.Cols, Read: func(dst []byte, lo, hi int) error {
		for i, _ := slices.BinarySearch(ends, lo+1); lo < hi; i++ {
			end := min(hi, ends[i])
			begin := ends[i] - list[i].N
			if err := list[i].Read(dst[:(end-lo)*size], lo-begin, end-begin); err != nil {
				return err
			}
			dst, lo = dst[(end-lo)*size:], end
		}
		return nil
	}}
}

// Beside returns the matrices in list side by side. They must have the same type and the same
// number of rows.
func Beside(list []*Rows) *Rows {
	r := &Rows{Type: list[0].Type, N: list[0].N}
	for _, x := range list {
		r.Cols += x.Cols
	}
	size := r.rowBytes()
	r.Read = func(dst []byte, lo, hi int) error {
		at := 0
		for _, x := range list {
			part := x.rowBytes()
			raw := bytesOf((hi - lo) * part)
			err := x.Read(raw.s, lo, hi)
			for row := range hi - lo {
				copy(dst[row*size+at:], raw.s[row*part:][:part])
			}
			raw.free()
			if err != nil {
				return err
			}
			at += part
		}
		return nil
	}
	return r
}

// Map returns r as F32. If change is not nil, Map applies it to all elements.
func (r *Rows) Map(change func(float32) float32) *Rows {
	return Computed(quant.F32, r.N, r.Cols, func(dst []float32, lo, hi int) error {
		if err := r.Floats(dst, lo, hi); err != nil || change == nil {
			return err
		}
		for i, v := range dst {
			dst[i] = change(v)
		}
		return nil
	})
}

// Computed returns rows of type typ, which is F32 or BF16. The function named floats computes the
// rows in float32.
func Computed(typ quant.Type, n, cols int, floats func(dst []float32, lo, hi int) error) *Rows {
	r := &Rows{Type: typ, N: n, Cols: cols}
	r.Read = func(dst []byte, lo, hi int) error {
		x := floatsOf((hi - lo) * cols)
		defer x.free()
		if err := floats(x.s, lo, hi); err != nil {
			return err
		}
		quant.Encode(typ, dst[:(hi-lo)*r.rowBytes()], x.s, cols, nil)
		return nil
	}
	return r
}

// As returns the elements of r as n rows of cols elements. r must have n*cols elements.
func (r *Rows) As(n, cols int) *Rows {
	if cols == r.Cols {
		return r
	}
	if r.Data != nil || r.N == 1 || n == 1 {
		elem := r.Type.RowBytes(1)
		return &Rows{Type: r.Type, N: n, Cols: cols, Data: r.Data, Read: func(dst []byte, lo, hi int) error {
			all := r.Data
			if all == nil {
				raw := bytesOf(r.N * r.rowBytes())
				defer raw.free()
				if err := r.Read(raw.s, 0, r.N); err != nil {
					return err
				}
				all = raw.s
			}
			copy(dst, all[lo*cols*elem:hi*cols*elem])
			return nil
		}}
	}
	panic(fmt.Sprintf("rows: [%d %d] as [%d %d]", r.N, r.Cols, n, cols))
}

// buffer is a slice from a pool.
type buffer[T any] struct {
	s    []T
	pool *sync.Pool
}

func (b *buffer[T]) free() { b.pool.Put(b) }

var bytePool, floatPool sync.Pool

func bytesOf(n int) *buffer[byte]     { return bufferOf[byte](&bytePool, n) }
func floatsOf(n int) *buffer[float32] { return bufferOf[float32](&floatPool, n) }

func bufferOf[T any](pool *sync.Pool, n int) *buffer[T] {
	b, _ := pool.Get().(*buffer[T])
	if b == nil {
		b = &buffer[T]{pool: pool}
	}
	b.s = slices.Grow(b.s[:0], n)[:n]
	return b
}
