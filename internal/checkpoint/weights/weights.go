// Package weights has what all containers of checkpoints have in common: named arrays of
// numbers, which are read in pieces. A package that reads a container checks that the data
// is complete, and returns Tensors. Code that converts tensors needs only this package.
package weights

import (
	"fmt"
	"math"
	"math/bits"
)

// Tensor is one array of a checkpoint. Its elements are read in row-major order, even if the
// container has another order.
type Tensor struct {
	Name  string
	Type  Type
	Shape []int  // outermost first; empty for a single number
	File  string // the file that holds it, for messages
	Data  []byte // if the file is mapped, all bytes, which are read-only; otherwise nil

	// ReadAt sets dst to the bytes from offset off on.
	// All bytes that it reads must be in the tensor.
	ReadAt func(dst []byte, off int64) error
}

// Elems returns the number of elements. The reader of the container has checked that this number
// fits an int.
func (t *Tensor) Elems() int {
	n := 1
	for _, d := range t.Shape {
		n *= d
	}
	return n
}

// Bytes returns the number of bytes of all elements.
func (t *Tensor) Bytes() int64 { return t.Type.Bytes(t.Elems()) }

// Rows returns the number of rows, which is the product of all dimensions except the last. A vector
// has one row.
func (t *Tensor) Rows() int {
	n := 1
	for i := range len(t.Shape) - 1 {
		n *= t.Shape[i]
	}
	return n
}

// Cols returns the length of a row.
func (t *Tensor) Cols() int {
	if len(t.Shape) == 0 {
		return 1
	}
	return t.Shape[len(t.Shape)-1]
}

// Float32s returns all elements as float32. It returns an error for types that are not
// Plain, or if the file cannot be read.
func (t *Tensor) Float32s() ([]float32, error) {
	if !t.Type.Plain() {
		return nil, fmt.Errorf("%s: tensor %q is %s, which is not a plain number", t.File, t.Name, t.Type)
	}
	raw := t.Data
	if raw == nil {
		raw = make([]byte, t.Bytes())
		if err := t.ReadAt(raw, 0); err != nil {
			return nil, fmt.Errorf("%s: tensor %q: %w", t.File, t.Name, err)
		}
	}
	x := make([]float32, t.Elems())
	t.Type.Decode(x, raw)
	return x, nil
}

// Elements returns the product of the dimensions. ok is false for shapes that no real tensor
// has: a dimension is negative, or the product of the non-zero dimensions is above 2^53.
func Elements(shape []int) (n int, ok bool) {
	n = 1
	empty := false
	for _, d := range shape {
		if d == 0 {
			empty = true
			continue
		}
		hi, lo := bits.Mul64(uint64(n), uint64(d))
		if d < 0 || hi != 0 || lo > min(1<<53, math.MaxInt) {
			return 0, false
		}
		n = int(lo)
	}
	if empty {
		return 0, true
	}
	return n, true
}
