package quantize

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// A Difference is how one tensor differs between two files.
type Difference struct {
	Name string
	A, B *gguf.Tensor // nil where the file has no such tensor
	// Same says that the tensors are equal: name, shape, type and all bytes.
	Same bool
	// Comparable says that the weights could be compared: the shapes are the
	// same, and the types can be decoded. Stats then are those of B against A.
	Comparable bool
	Stats      ErrorStats
	// NaN counts the weights that are not a number in one of the files only.
	NaN int64
}

// Equal reports whether the weights have the same values, be it in other types.
func (d *Difference) Equal() bool {
	return d.Same || d.Comparable && d.Stats.Max == 0 && d.NaN == 0
}

// CompareTensors compares all tensors of two files, in the order of a's and then
// those that only b has.
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
	var next atomic.Int64
	var workers sync.WaitGroup
	errs := make([]error, len(list))
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			var x, y []float32
			for ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if i >= len(list) {
					return
				}
				errs[i] = gguf.Guard(func() error { return list[i].compare(ctx, &x, &y) })
			}
		})
	}
	workers.Wait()
	for i, err := range errs {
		if err != nil {
			return nil, fmt.Errorf("quantize: tensor %q: %w", list[i].Name, err)
		}
	}
	return list, ctx.Err()
}

// compare fills in the difference; x and y are scratch.
func (d *Difference) compare(ctx context.Context, x, y *[]float32) error {
	a, b := d.A, d.B
	if a == nil || b == nil || !slices.Equal(a.Shape, b.Shape) {
		return nil
	}
	if a.Type == b.Type && bytes.Equal(a.Data, b.Data) {
		d.Same, d.Comparable = true, quant.CanCompute(a.Type)
		d.Stats.Weights = int64(a.Elems())
		return nil
	}
	if !quant.CanCompute(a.Type) || !quant.CanCompute(b.Type) {
		return nil
	}
	d.Comparable = true
	cols := a.Cols()
	step := max(1, chunkWeights/cols)
	for row := 0; row < a.Rows(); row += step {
		if err := ctx.Err(); err != nil {
			return err
		}
		c := chunk{row: row, rows: min(step, a.Rows()-row)}
		*x, *y = grow(*x, c.rows*cols), grow(*y, c.rows*cols)
		quant.Decode(a.Type, *x, c.input(a))
		quant.Decode(b.Type, *y, c.input(b))
		d.NaN += dropSpecial(*x, *y)
		var part ErrorStats
		part.measure(*x, *y)
		d.Stats.Add(&part)
	}
	return nil
}

// dropSpecial sets the weights that are equal infinities, or not a number in
// both, to 0, and counts and drops those that are not a number in one.
func dropSpecial(x, y []float32) (nan int64) {
	for i := range x {
		xNaN, yNaN := x[i] != x[i], y[i] != y[i]
		if xNaN != yNaN {
			nan++
		}
		if xNaN || yNaN || x[i] == y[i] && math.IsInf(float64(x[i]), 0) {
			x[i], y[i] = 0, 0
		}
	}
	return nan
}
