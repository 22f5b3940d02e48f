// Package kernel describes the inner loops of matrix products. A kernel is a set
// of functions in assembly that multiply panels of weights, and the sizes of these
// panels. Its subpackages amd64 and arm64 have the kernels of one CPU architecture
// each, and a table of them. Package matmul chooses a kernel for each matrix.
package kernel

import (
	"maps"

	"alpaca/internal/quant"
)

// A Kernel multiplies panels of weights for one type on one instruction set.
//
// A panel is a few rows of weights, rearranged so that a vector's lanes are rows. Pack
// makes a panel from the file's bytes, and Tile multiplies it with any number of tokens.
// For a prompt, packing is a small part of the work. For a single token, packing is a
// detour, because it writes the weights to the nearest cache and reads them again. A call
// of Pack or Tile processes at most MaxBlocks blocks of each row, so that a panel stays
// in the cache even if rows are long. Tile adds to the accumulators of the call before.
type Kernel struct {
	Level string // instruction set, one of machine.Levels

	Rows       int // rows in a panel
	BlockLen   int // weights of a row in a block: 32, 256, or a step of a float format
	PanelBytes int // bytes in a panel for one block of each row
	MaxBlocks  int // largest number of blocks in a call of Pack or Tile
	Lanes      int // number of float32 accumulators of an output; if it is not 1, these are partial sums, and Sum adds them
	Offset     int // Pack adds this to integer weights, if Tile needs unsigned weights

	// Pack rearranges nb blocks of each of Rows rows, which start at w and are stride bytes
	// apart. It reads only these blocks.
	Pack func(panel, w *byte, stride, nb int)
	// Tile adds the products of the panel with t.Tokens rows of activations to the
	// accumulators.
	Tile func(t *Args)
	// Sum sets dst to the results of the panel's rows for a token, from their accumulators acc.
	// It is nil if Lanes is 1.
	Sum func(dst, acc []float32)

	// If Direct is not nil, it does the work of both Pack and Tile, for at
	// most DirectTokens rows of activations. It reads rows at t.W, which
	// are t.WStride bytes apart. t.Panel must have room for a packed block,
	// and for DirectBytes plus 4 bytes for each block of activations.
	Direct       func(t *Args)
	DirectTokens int
	DirectBytes  int
	// If Row is not nil, it does what Direct does, for a single token.
	Row func(t *Args)
	// If Quad is not nil, it multiplies four streams of rows, side by side, with
	// a single token. Each stream has t.Rows rows of t.RowBytes bytes, and starts
	// t.WStride bytes after the previous stream. Quad sets the results instead of
	// adding to them. The results of each stream start t.AccStride bytes after
	// those of the previous stream. Quad may use t.Panel as scratch memory.
	Quad       func(t *Args)
	QuadBlocks int // for Quad, the number of blocks in a row must be a multiple of this
}

// Args has the arguments of Tile, Direct, Row and Quad, in a struct so that assembly finds them
// by name (go_asm.h).
type Args struct {
	Panel          *byte
	W              *byte // for Direct, Row and Quad: the rows
	WStride        int
	Rows, RowBytes int      // for Quad: rows in a stream, bytes in a row
	NB             int      // blocks of each token's activations that are multiplied
	Tokens         int      // rows of activations
	Acc            *float32 // accumulators: Kernel.Rows*Kernel.Lanes for each token; for Quad: the results
	AccStride      int      // for Quad: bytes from a stream's results to the next stream's

	Q       *int8    // 8-bit activations, from the first block of the first token on (see matmul.Acts)
	F       *float32 // or float32 activations
	QStride int      // bytes from a token's Q or F to the next token's
	D       *float32 // scales of the activations
	DStride int      // bytes from a token's D, Pairs or DS to the next token's
	Pairs   *uint32  // two sums of each block's Q, as int16 (see matmul.Acts)
	DS      *float32 // each block's scale, times the sum of its Q
	Sums    *int16   // the sum of each 16 elements of Q
	SStride int      // bytes from a token's Sums to the next token's
	Offset  uint32   // -Kernel.Offset as two equal int16
}

// GroupTokens is the number of tokens in a group. A few panels are multiplied
// with the tokens of one group before those of the next group. So activations are
// read from a distant cache only once for all of these panels.
const GroupTokens = 48

// A Table lists the kernels of each type, best first.
type Table map[quant.Type][]Kernel

// DirectFor returns the function that multiplies the given number of tokens without a panel, or
// nil if there is none.
func (k *Kernel) DirectFor(tokens int) func(t *Args) {
	switch {
	case tokens == 1 && k.Row != nil:
		return k.Row
	case tokens <= k.DirectTokens:
		return k.Direct
	}
	return nil
}

// Streams reports whether Quad can multiply rows of cols weights.
func (k *Kernel) Streams(cols int) bool {
	return k.Quad != nil && cols%(k.QuadBlocks*k.BlockLen) == 0
}

// WithQuad returns a copy of k with Quad set, for rows of any number of blocks.
func (k Kernel) WithQuad(quad func(t *Args)) Kernel {
	k.Quad, k.QuadBlocks = quad, 1
	return k
}

// TileOffset returns the value of Args.Offset for Tile.
func (k *Kernel) TileOffset() uint32 { return uint32(uint16(-k.Offset)) * 0x10001 }

// Merge joins tables of kernels for different types.
func Merge(tables ...Table) Table {
	all := Table{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// Sum8 adds eight partial sums as if they were a vector that is halved again and
// again. Each step adds the upper half to the lower half, until one number is left.
func Sum8(s *[8]float32) float32 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// SumLanes sets dst[i] to Sum8 of acc[8i] to acc[8i+7].
func SumLanes(dst, acc []float32) {
	for i := range dst {
		dst[i] = Sum8((*[8]float32)(acc[8*i:]))
	}
}
