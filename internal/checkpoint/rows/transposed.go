package rows

import (
	"sync"

	"alpaca/internal/quant"
)

// Transpose returns the transposes of the matrices in r. rows is the
// number of rows of a matrix. To read a row of a transpose, Read needs
// the whole matrix, so the most recent transposes stay in memory.
func (r *Rows) Transpose(rows int) *Rows {
	c := &transposed{of: r, rows: rows}
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

// transposed computes transposes of matrices and caches the most recent ones.
type transposed struct {
	of   *Rows
	rows int

	mu   sync.Mutex
	kept []keptMatrix // the most recent last
}

type keptMatrix struct {
	index int
	data  []byte
}

// maxKept is the number of cached transposes. Several goroutines read rows in order, so at any
// time they read at most two matrices.
const maxKept = 2

// matrix returns the transpose of one matrix.
func (c *transposed) matrix(index int) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.kept {
		if k.index == index {
			return k.data, nil
		}
	}
	var data []byte
	if len(c.kept) == maxKept { // readers may still use the oldest transpose, so its memory cannot be reused
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

// transpose returns the transpose of a matrix. An element has elem
// bytes. The function works in squares that fit the CPU's cache.
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

// MXFP4 returns matrices of 4-bit codes, with an 8-bit scale for each 32 codes. A byte has
// two codes, the first in its low half. The function blocks reads n rows of codes, with
// cols/2 bytes in a row. The function scales reads n rows of scales, with cols/32 bytes in
// a row. Layout: https://github.com/openai/gpt-oss/blob/main/gpt_oss/torch/weights.py
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
			// The first of GGUF's 17 bytes is the scale. Byte 1+j has codes j and j+16.
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
