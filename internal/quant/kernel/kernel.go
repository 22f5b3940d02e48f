// Package kernel says what a matrix product's inner loops are: functions in assembly
// that multiply panels of weights, and the sizes that they are made for. The packages
// below it have those of one architecture each, and a table of them; package matmul
// chooses one for a matrix.
package kernel

import (
	"maps"

	"alpaca/internal/quant"
)

// A Kernel multiplies panels of weights for one type on one instruction set.
//
// A panel is a few rows of weights rearranged so that a vector's lanes are rows.
// Pack makes one from the file's bytes, Tile multiplies it with any number of
// tokens: for a prompt the packing is a small part of the work, for a single
// token it is a detour through the nearest cache. Both see a run of blocks (at
// most MaxBlocks) at a time and carry the accumulators from one run to the
// next, so a panel stays in the cache however long the rows are.
type Kernel struct {
	Level string // instruction set, one of machine.Levels

	Rows       int // rows in a panel
	BlockLen   int // weights of a row in a block: 32, 256, or a step of a float format
	PanelBytes int // bytes of a panel for each block
	MaxBlocks  int // most blocks that Pack and Tile are given
	Lanes      int // float32 accumulators an output: 1, or partial sums and then Sum adds them
	Offset     int // what Pack adds to integer weights to make them unsigned, if Tile asks

	// Pack rearranges nb blocks of Rows rows that start at w and lie stride
	// bytes apart. It reads nothing but those blocks.
	Pack func(panel, w *byte, stride, nb int)
	// Tile adds the product of the panel with t.Tokens rows of activations to
	// the accumulators.
	Tile func(t *Args)
	// Sum, where Lanes is not 1, sets the panel's results of a token from their
	// accumulators.
	Sum func(dst, acc []float32)

	// Direct, where there is one, is Pack and Tile in one for at most
	// DirectTokens rows of activations: it reads the blocks at t.W, whose rows
	// are t.WStride bytes apart; at t.Panel there is room for a block, or for DirectBytes
	// where that is more.
	Direct       func(t *Args)
	DirectTokens int
	DirectBytes  int
	// Row, where there is one, is Direct for a single token.
	Row func(t *Args)
	// Quad, where there is one, is Direct for a single token and four streams side by
	// side of t.Rows rows each, of t.RowBytes bytes, a multiple of QuadBlocks blocks. The
	// streams start t.WStride apart, the results, which it sets, t.AccStride. Where
	// Lanes is not 1 it uses t.Panel.
	Quad       func(t *Args)
	QuadBlocks int // a row must be a whole multiple of this many blocks
}

// Args is what Tile needs, in one struct so that assembly finds each by name
// (go_asm.h).
type Args struct {
	Panel          *byte
	W              *byte // or, for Direct, the rows themselves
	WStride        int
	Rows, RowBytes int      // for Quad: of a stream
	NB             int      // blocks in the panel
	Tokens         int      // rows of activations
	Acc            *float32 // a token's are Rows*Lanes, read and written
	AccStride      int      // for Quad: bytes from one stream's results to the next's

	Q       *int8    // 8-bit activations of the first block and token (see matmul.Acts)
	F       *float32 // or float32 ones
	QStride int      // bytes from one token's Q or F to the next's
	D       *float32 // scales
	DStride int      // bytes from one token's D, Pairs or DS to the next's
	Pairs   *uint32
	DS      *float32
	Sums    *int16
	SStride int    // bytes from one token's Sums to the next's
	Offset  uint32 // -Kernel.Offset as int16, twice
}

// GroupTokens is how many tokens a panel is multiplied with before the next panel's turn:
// their activations are read once for a group of panels.
const GroupTokens = 48

// A Table lists the kernels of types, of each the best first.
type Table map[quant.Type][]Kernel

// DirectFor returns the function to multiply that many tokens without a panel, nil
// if there is none.
func (k *Kernel) DirectFor(tokens int) func(t *Args) {
	switch {
	case tokens == 1 && k.Row != nil:
		return k.Row
	case tokens <= k.DirectTokens:
		return k.Direct
	}
	return nil
}

// Streams reports whether Quad can be used for rows of that many weights.
func (k *Kernel) Streams(cols int) bool {
	return k.Quad != nil && cols%(k.QuadBlocks*k.BlockLen) == 0
}

// WithRow returns k with a product for one token.
func (k Kernel) WithRow(row func(t *Args)) Kernel {
	k.Row = row
	return k
}

// TileOffset returns Args.Offset.
func (k *Kernel) TileOffset() uint32 { return uint32(uint16(-k.Offset)) * 0x10001 }

// Merge joins tables of kernels for different types.
func Merge(tables ...Table) Table {
	all := Table{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

// Sum8 adds eight partial sums in the order that halving a vector gives.
func Sum8(s *[8]float32) float32 {
	return ((s[0] + s[4]) + (s[2] + s[6])) + ((s[1] + s[5]) + (s[3] + s[7]))
}

// SumLanes sets dst[i] to the Sum8 of acc[8i] to acc[8i+7].
func SumLanes(dst, acc []float32) {
	for i := range dst {
		dst[i] = Sum8((*[8]float32)(acc[8*i:]))
	}
}
