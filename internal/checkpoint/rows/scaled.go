package rows

import (
	"alpaca/internal/checkpoint/weights"
	"alpaca/internal/quant"
)

// Scales has a factor for each block of a matrix. A block has Rows times Cols elements.
type Scales struct {
	Rows, Cols int       // the size of a block
	PerRow     int       // number of factors in a row of blocks
	Values     []float32 // [rows of blocks, PerRow]
}

// Scaled returns the elements of t, multiplied by their factors, as typ, which is F32 or BF16.
func Scaled(t *weights.Tensor, s Scales, typ quant.Type) *Rows {
	cols := t.Cols()
	size := t.Type.Bytes(cols)
	return Computed(typ, t.Rows(), cols, func(dst []float32, lo, hi int) error {
		raw := bytesOf(int(int64(hi-lo) * size))
		defer raw.free()
		if err := t.ReadAt(raw.s, int64(lo)*size); err != nil {
			return err
		}
		t.Type.Decode(dst, raw.s)
		for row := lo; row < hi; row++ {
			factors := s.Values[row/s.Rows*s.PerRow:]
			for c := range cols {
				dst[(row-lo)*cols+c] *= factors[c/s.Cols]
			}
		}
		return nil
	})
}

// Grouped is a matrix of small integers in compressed-tensors' format "pack-quantized".
// A 32-bit word has several integers of a row, the first in its lowest bits. In each
// row, each group of columns has a scale and a zero point. Source:
// https://github.com/vllm-project/compressed-tensors, compressors/pack_quantized.
type Grouped struct {
	Words      *weights.Tensor // [rows, words of a row]
	Rows, Cols int
	Bits       int
	Group      int       // columns of a group
	Scales     []float32 // [rows, groups]
	Zeros      []float32 // [rows, groups]; nil: 2^(Bits-1)
}

// Unpack returns the dequantized matrix as typ.
func (g *Grouped) Unpack(typ quant.Type) *Rows {
	perWord := 32 / g.Bits
	words := (g.Cols + perWord - 1) / perWord
	groups := (g.Cols + g.Group - 1) / g.Group
	mask := uint32(1)<<g.Bits - 1
	return Computed(typ, g.Rows, g.Cols, func(dst []float32, lo, hi int) error {
		raw := bytesOf((hi - lo) * words * 4)
		defer raw.free()
		if err := g.Words.ReadAt(raw.s, int64(lo)*int64(words)*4); err != nil {
			return err
		}
		for row := lo; row < hi; row++ {
			src := raw.s[(row-lo)*words*4:]
			for c := range g.Cols {
				at := row*groups + c/g.Group
				zero := float32(int(1) << (g.Bits - 1))
				if g.Zeros != nil {
					zero = g.Zeros[at]
				}
				q := word(src, c/perWord) >> (c % perWord * g.Bits) & mask
				dst[(row-lo)*g.Cols+c] = (float32(q) - zero) * g.Scales[at]
			}
		}
		return nil
	})
}

// word returns the i-th 32-bit word of b, little-endian.
func word(b []byte, i int) uint32 {
	b = b[4*i : 4*i+4]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// Blocked is a matrix of 4-bit codes in bitsandbytes' formats NF4 and FP4. A
// byte has two codes, the first in its high half. Each block of consecutive
// elements has a scale. A block may continue from one row to the next. Source:
// https://github.com/bitsandbytes-foundation/bitsandbytes, functional.py.
type Blocked struct {
	Codes      *weights.Tensor
	Rows, Cols int
	Block      int
	Table      [16]float32
	Scales     []float32
}

// Unpack returns the dequantized matrix as typ.
func (b *Blocked) Unpack(typ quant.Type) *Rows {
	return Computed(typ, b.Rows, b.Cols, func(dst []float32, lo, hi int) error {
		first, last := lo*b.Cols, hi*b.Cols // elements
		raw := bytesOf((last+1)/2 - first/2)
		defer raw.free()
		if err := b.Codes.ReadAt(raw.s, int64(first/2)); err != nil {
			return err
		}
		for i := first; i < last; i++ {
			code := raw.s[i/2-first/2]
			if i%2 == 0 {
				code >>= 4
			}
			dst[i-first] = b.Table[code&15] * b.Scales[i/b.Block]
		}
		return nil
	})
}
