package convert

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"runtime"

	"alpaca/internal/machine"
	"alpaca/internal/pool"
	"alpaca/internal/quant"
)

// step is the conversion of one tensor.
type step struct {
	tensor *tensor
	from   format
	to     quant.Type
}

// same reports whether the bytes stay the same.
func (s *step) same() bool { return s.from.typ == s.to && s.from.transcode == nil }

// plan decides the type of each tensor. If exact is true, it makes a trial conversion
// of each tensor that may be rounded. Tensors whose values would change become F32.
func plan(tensors []tensor, exact bool) ([]step, error) {
	steps := make([]step, len(tensors))
	for i := range tensors {
		t := &tensors[i]
		steps[i] = step{t, t.from, t.from.to}
		if t.cols()%steps[i].to.BlockLen() != 0 {
			steps[i].to = quant.F32 // rows of a llama2.c checkpoint need not be multiples of a block
		}
		if !exact || steps[i].to == quant.F32 || !t.from.mayRound {
			continue
		}
		loss, err := steps[i].run(context.Background(), io.Discard, func(int64) {})
		if err != nil && !errors.Is(err, ErrTooLarge) {
			return nil, fmt.Errorf("tensor %q: %w", t.name, err)
		}
		if err != nil || loss.Max != 0 {
			steps[i].to = quant.F32
		}
	}
	return steps, nil
}

// pieceBytes is the approximate number of bytes that are converted at a time.
const pieceBytes = 4 << 20

// run converts the tensor and writes it to w. After each piece, it calls the function named read
// with the number of bytes that the piece has in the input.
func (s *step) run(ctx context.Context, w io.Writer, read func(bytes int64)) (loss quant.Error, err error) {
	t := s.tensor
	rows, outRow := t.rows(), s.to.RowBytes(t.cols())
	maxRows := max(1, pieceBytes/max(1, outRow, t.rowBytes)) // rows in a piece
	if machine.Limited() {
		row := t.rowBytes + outRow + 8*t.cols()*runtime.GOMAXPROCS(0)
		if err := machine.Reserve(int64(maxRows)*int64(t.rowBytes+outRow) + int64(row)); err != nil {
			return loss, fmt.Errorf("pieces of a tensor: %w", err)
		}
	}
	in, out := make([]byte, maxRows*t.rowBytes), make([]byte, maxRows*outRow)
	for lo := 0; lo < rows; lo += maxRows {
		if err := ctx.Err(); err != nil {
			return loss, err
		}
		hi := min(lo+maxRows, rows)
		src := in[:(hi-lo)*t.rowBytes]
		if err := t.read(src, lo, hi); err != nil {
			return loss, err
		}
		dst := src
		if !s.same() {
			dst = out[:(hi-lo)*outRow]
			l, err := s.convert(dst, src, hi-lo)
			if err != nil {
				return loss, err
			}
			loss.Add(l)
		}
		if _, err := w.Write(dst); err != nil {
			return loss, err
		}
		read(int64(len(src)))
	}
	return loss, nil
}

// convert converts rows on all cores and measures the error. Errors are added up
// in the order of the rows, so the sums do not depend on the number of cores.
func (s *step) convert(dst, src []byte, rows int) (loss quant.Error, err error) {
	losses := make([]quant.Error, rows)
	to, from := len(dst)/rows, len(src)/rows // bytes of a row
	err = pool.EachWith(0, rows, func() func(int) error {
		c := newRowConverter(s)
		return func(r int) (err error) {
			losses[r], err = c.row(dst[r*to:(r+1)*to], src[r*from:(r+1)*from])
			return err
		}
	})
	for r := range losses {
		loss.Add(losses[r])
	}
	return loss, err
}

// rowConverter converts rows one after the other.
type rowConverter struct {
	*step
	before, after []float32
}

func newRowConverter(s *step) *rowConverter {
	n := s.tensor.cols()
	return &rowConverter{s, make([]float32, n), make([]float32, n)}
}

// row converts one row.
func (c *rowConverter) row(dst, src []byte) (quant.Error, error) {
	if c.to == c.from.to && c.from.transcode != nil {
		if err := c.from.transcode(dst, src); err != nil {
			return quant.Error{}, err
		}
		if !c.from.mayRound {
			return quant.Error{}, nil
		}
		c.from.decode(c.before, src)
	} else {
		c.from.decode(c.before, src)
		if err := encodeFloats(c.to, dst, c.before); err != nil {
			return quant.Error{}, err
		}
	}
	quant.Decode(c.to, c.after, dst)
	return quant.MeasureError(c.before, c.after), nil
}

// encodeFloats stores x as F32 or F16.
func encodeFloats(typ quant.Type, dst []byte, x []float32) error {
	for i, v := range x {
		if typ == quant.F32 {
			binary.LittleEndian.PutUint32(dst[4*i:], math.Float32bits(v))
		} else if err := putHalf(dst[2*i:], v); err != nil {
			return err
		}
	}
	return nil
}
