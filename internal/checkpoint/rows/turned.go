package rows

import (
	"sync"

	"alpaca/internal/quant"
)

// Turn returns the transposes of matrices of rows rows each, which lie one after the other
// in r: N is their number times Cols, Cols is rows. To read a few rows of a transpose all
// of its matrix is read, so that the matrices used last stay in memory.
func (r *Rows) Turn(rows int) *Rows {
	c := &turned{of: r, rows: rows}
	size := rows * r.Type.RowBytes(1)
	return &Rows{Type: r.Type, N: r.N / rows * r.Cols, Cols: rows, Read: func(dst []byte, lo, hi int) error {
		for lo < hi {
			matrix := lo / r.Cols
			end := min(hi, (matrix+1)*r.Cols)
			all, err := c.matrix(matrix)
			if err != nil {
				return err
			}
			first := lo - matrix*r.Cols
			copy(dst, all[first*size:(first+end-lo)*size])
			dst, lo = dst[(end-lo)*size:], end
		}
		return nil
	}}
}

// turned keeps the transposes that were used last.
type turned struct {
	of   *Rows
	rows int

	mu   sync.Mutex
	kept []keptMatrix // the newest last
}

type keptMatrix struct {
	index int
	data  []byte
}

// maxKept is how many transposes stay in memory: rows are read in order, by several
// goroutines that are never further apart than a matrix.
const maxKept = 2

// matrix returns the transpose of one matrix.
func (c *turned) matrix(index int) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.kept {
		if k.index == index {
			return k.data, nil
		}
	}
	var data []byte
	if len(c.kept) == maxKept { // readers may still hold it: a new slice
		c.kept = c.kept[1:]
	}
	raw := bytesOf(c.rows * c.of.rowBytes())
	defer raw.free()
	if err := c.of.Read(raw.s, index*c.rows, (index+1)*c.rows); err != nil {
		return nil, err
	}
	data = transpose(raw.s, c.rows, c.of.Cols, c.of.Type.RowBytes(1))
	c.kept = append(c.kept, keptMatrix{index, data})
	return data, nil
}

// transpose returns the transpose of a matrix of elements of elem bytes, in squares that
// fit the cache.
func transpose(src []byte, rows, cols, elem int) []byte {
	const side = 64
	dst := make([]byte, len(src))
	for r0 := 0; r0 < rows; r0 += side {
		for c0 := 0; c0 < cols; c0 += side {
			for r := r0; r < min(r0+side, rows); r++ {
				for c := c0; c < min(c0+side, cols); c++ {
					copy(dst[(c*rows+r)*elem:][:elem], src[(r*cols+c)*elem:])
				}
			}
		}
	}
	return dst
}

// MXFP4 returns matrices that a checkpoint has as 4-bit codes, two in a byte, the first in
// its low half, and a scale of 8 bits for 32 of them. blocks has rows of cols/2 bytes, and
// scales of cols/32; both have n rows.
// Layout: https://github.com/openai/gpt-oss/blob/main/gpt_oss/torch/weights.py
func MXFP4(n, cols int, blocks, scales func(dst []byte, lo, hi int) error) *Rows {
	r := &Rows{Type: quant.MXFP4, N: n, Cols: cols}
	r.Read = func(dst []byte, lo, hi int) error {
		count := (hi - lo) * cols / 32
		codes, exps := bytesOf(count*16), bytesOf(count)
		defer codes.free()
		defer exps.free()
		if err := blocks(codes.s, lo, hi); err != nil {
			return err
		}
		if err := scales(exps.s, lo, hi); err != nil {
			return err
		}
		for i := range count {
			// Of GGUF's 17 bytes the first is the scale; byte j then has codes j and j+16.
			out, in := dst[17*i:17*i+17], codes.s[16*i:16*i+16]
			out[0] = exps.s[i]
			for j := range 8 {
				a, b := in[j], in[j+8]
				out[1+2*j] = a&15 | b<<4
				out[2+2*j] = a>>4 | b&0xf0
			}
		}
		return nil
	}
	return r
}
