package quantize

import (
	"errors"
	"fmt"
	"slices"

	"alpaca/internal/gguf"
	"alpaca/internal/quant"
)

// ErrNotFinite is wrapped by the error for weights that are infinite or NaN.
var ErrNotFinite = errors.New("the model is damaged, or was converted badly")

// ErrOverflow is wrapped by the error for weights that are too large for the scales of a type.
var ErrOverflow = errors.New("too large for the type")

// checkCopy returns an error if copied weights are not finite.
func (w *worker) checkCopy(t *gguf.Tensor, c *chunk) error {
	cols, n := t.Cols(), t.Type.RowBytes(t.Cols())
	for row := range c.rows {
		data := c.out[row*n : (row+1)*n]
		ok := quant.FiniteScales(t.Type, data)
		if t.Type == quant.F32 || t.Type == quant.BF16 {
			w.x = slices.Grow(w.x[:0], cols)[:cols]
			quant.Decode(t.Type, w.x, data)
			ok = quant.FirstNotFinite(w.x) < 0
		}
		if !ok {
			return fmt.Errorf("row %d has weights that are infinite or not a number: %w", c.row+row, ErrNotFinite)
		}
	}
	return nil
}

// overflow returns the error for the first row with scales that do not fit.
func (w *worker) overflow(s *Step, c *chunk) error {
	cols, n := s.Tensor.Cols(), s.To.RowBytes(s.Tensor.Cols())
	row := 0
	for quant.FiniteScales(s.To, c.out[row*n:(row+1)*n]) {
		row++
	}
	var largest float32
	for _, v := range w.x[row*cols : (row+1)*cols] {
		largest = max(largest, v, -v)
	}
	return fmt.Errorf("row %d has weights up to %g: %w %v", c.row+row, largest, ErrOverflow, s.To)
}
