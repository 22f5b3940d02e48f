package convert

import (
	"encoding/binary"
	"math"
	"os"

	"alpaca/internal/quant"
)

// A tensor of llama2.c version 2 has all weights as int8, then a float32 scale for each
// group of consecutive weights: w[i] = q[i] * scale[i/group].
//
// The function read of such a tensor returns each row of n weights with a scale for each weight:
//
//	n × int8 │ n × float32
//
// A scale for each weight wastes memory. But the form is
// simple, and only a piece of a tensor is in memory at a time.

// groups makes x read int8 weights with their scales. The tensor begins at the offset at in f.
func (c *llama2cFile) groups(x *tensor, f *os.File, at int64) {
	rows, cols := x.shape[0], x.shape[1]
	scalesAt := at + int64(rows)*int64(cols)
	group := int64(c.group)
	x.rowBytes = 5 * cols
	x.from = format{name: "int8", typ: noType, to: quant.Q8_0, decode: decodeInt8, mayRound: true}
	if c.group%quant.Q8_0.BlockLen() == 0 {
		x.from.transcode = int8ToQ8_0
	} else {
		x.from.to = quant.F32 // a block would need several scales
	}
	x.read = func(dst []byte, lo, hi int) error {
		first, last := int64(lo)*int64(cols), int64(hi)*int64(cols)-1 // weights
		q := make([]byte, last-first+1)
		if _, err := f.ReadAt(q, at+first); err != nil {
			return err
		}
		scales := make([]byte, 4*(last/group-first/group+1))
		if _, err := f.ReadAt(scales, scalesAt+4*(first/group)); err != nil {
			return err
		}
		for r := range hi - lo {
			row := dst[r*x.rowBytes:][:x.rowBytes]
			copy(row[:cols], q[r*cols:])
			for i := range cols {
				k := (first+int64(r*cols+i))/group - first/group
				copy(row[cols+4*i:][:4], scales[4*k:])
			}
		}
		return nil
	}
}

// scaleAt returns the scale of weight i of a row of n.
func scaleAt(row []byte, n, i int) float32 {
	return math.Float32frombits(binary.LittleEndian.Uint32(row[n+4*i:]))
}

// decodeInt8 decodes a row to float32.
func decodeInt8(dst []float32, row []byte) {
	for i := range dst {
		dst[i] = float32(int8(row[i])) * scaleAt(row, len(dst), i)
	}
}

// int8ToQ8_0 converts a row to Q8_0. The size of a group must be a multiple of the block
// length.
func int8ToQ8_0(dst, row []byte) error {
	n := len(row) / 5
	for i := 0; i < n; i += 32 {
		block := dst[i/32*34:][:34]
		if err := putHalf(block, scaleAt(row, n, i)); err != nil {
			return err
		}
		copy(block[2:], row[i:i+32])
	}
	return nil
}
