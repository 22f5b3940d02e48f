package quantize

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"alpaca/internal/gguf"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// A Difference describes how a tensor differs between two files, A and B.
type Difference struct {
	Name string
	A, B *gguf.Tensor // nil if the file does not have the tensor
	// Same says that the tensors have the same shape, type and bytes.
	Same bool
	// Comparable says that both tensors have the same shape, and that both types can be decoded.
	// Then Stats is the error of B relative to A.
	Comparable bool
	Stats      quant.Error
	// NaN is the number of weights that are NaN in only one of the files.
	NaN int64
}

// Equal reports whether the weights have the same values, even if the types differ.
func (d *Difference) Equal() bool {
	return d.Same || d.Comparable && d.Stats.Max == 0 && d.NaN == 0
}

// CompareTensors compares all tensors of two files. The result has first the
// tensors of file a, in order, and then the tensors that only file b has.
func CompareTensors(ctx context.Context, a, b *gguf.File) ([]Difference, error) {
	var list []Difference
	for i := range a.Tensors {
		t := &a.Tensors[i]
		list = append(list, Difference{Name: t.Name, A: t, B: b.Tensor(t.Name)})
	}
	for i := range b.Tensors {
		if t := &b.Tensors[i]; a.Tensor(t.Name) == nil {
			list = append(list, Difference{Name: t.Name, B: t})
		}
	}
	err := pool.EachWith(0, len(list), func() func(int) error {
		var m compareBuffers
		return func(i int) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			if err := gguf.Guard(func() error { return list[i].compare(ctx, &m) }); err != nil {
				return fmt.Errorf("quantize: tensor %q: %w", list[i].Name, err)
			}
			return nil
		}
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// compareBuffers is the memory of one worker.
type compareBuffers struct {
	rawA, rawB []byte
	x, y       []float32
}

// compare compares the tensors d.A and d.B, and sets the other fields of d.
func (d *Difference) compare(ctx context.Context, m *compareBuffers) error {
	a, b := d.A, d.B
	if a == nil || b == nil || !slices.Equal(a.Shape, b.Shape) {
		return nil
	}
	cols := a.Cols()
	d.Comparable = quant.CanCompute(a.Type) && quant.CanCompute(b.Type)
	d.Same = a.Type == b.Type
	step := max(1, chunkWeights/max(1, cols))
	for row := 0; row < a.Rows() && (d.Same || d.Comparable); row += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		end := min(row+step, a.Rows())
		na, nb := (end-row)*a.Type.RowBytes(cols), (end-row)*b.Type.RowBytes(cols)
		m.rawA, m.rawB = slices.Grow(m.rawA[:0], na)[:na], slices.Grow(m.rawB[:0], nb)[:nb]
		if err := a.Read(m.rawA, row, end); err != nil {
			return err
		}
		if err := b.Read(m.rawB, row, end); err != nil {
			return err
		}
		same := a.Type == b.Type && bytes.Equal(m.rawA, m.rawB)
		d.Same = d.Same && same
		if d.Comparable {
			d.measure(m, (end-row)*cols)
		}
	}
	return nil
}

// measure adds the differences between the n weights in m.rawA and those in m.rawB.
func (d *Difference) measure(m *compareBuffers, n int) {
	m.x, m.y = slices.Grow(m.x[:0], n)[:n], slices.Grow(m.y[:0], n)[:n]
	quant.Decode(d.A.Type, m.x, m.rawA)
	quant.Decode(d.B.Type, m.y, m.rawB)
	d.NaN += dropNaN(m.x, m.y)
	d.Stats.Add(quant.MeasureError(m.x, m.y))
}

// dropNaN counts the weights that are NaN in only one of x and y. It
// sets these weights to 0 in both, so that they do not count as errors.
func dropNaN(x, y []float32) (nan int64) {
	for i := range x {
		if (x[i] != x[i]) != (y[i] != y[i]) {
			nan++
			x[i], y[i] = 0, 0
		}
	}
	return nan
}
