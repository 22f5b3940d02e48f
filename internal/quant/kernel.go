package quant

import (
	"maps"
	"slices"

	"alpaca/internal/machine"
)

// A kernel multiplies panels of weights for one type on one instruction set.
//
// A panel is a few rows of weights rearranged so that a vector's lanes are rows.
// pack makes one from the file's bytes, tile multiplies it with any number of
// tokens: for a prompt the packing is a small part of the work, for a single
// token it is a detour through the nearest cache. Both see a run of blocks (at
// most maxBlocks) at a time and carry the accumulators from one run to the
// next, so a panel stays in the cache however long the rows are.
type kernel struct {
	level string // instruction set, one of machine.Levels

	rows       int // rows in a panel
	blockLen   int // weights of a row in a block: 32, 256, or a step of a float format
	panelBytes int // bytes of a panel for each block
	maxBlocks  int // most blocks that pack and tile are given
	lanes      int // float32 accumulators an output: 1, or partial sums and then sum adds them
	offset     int // what pack adds to integer weights to make them unsigned, if tile asks

	// pack rearranges nb blocks of rows rows that start at w and lie stride
	// bytes apart. It reads nothing but those blocks.
	pack func(panel, w *byte, stride, nb int)
	// tile adds the product of the panel with t.tokens rows of activations to
	// the accumulators.
	tile func(t *tileArgs)
	// sum, where lanes is not 1, sets the panel's results of a token from their
	// accumulators.
	sum func(dst, acc []float32)

	// direct, where there is one, is pack and tile in one for at most
	// directTokens rows of activations: it reads the blocks at t.w, whose rows
	// are t.wStride bytes apart; at t.panel there is room for a block, or for directBytes
	// where that is more.
	direct       func(t *tileArgs)
	directTokens int
	directBytes  int
	// row, where there is one, is direct for a single token.
	row func(t *tileArgs)
	// quad, where there is one, is direct for a single token and four streams side by
	// side of t.rows rows each, of t.rowBytes bytes, a multiple of quadBlocks blocks. The
	// streams start t.wStride apart, the results, which it sets, t.accStride. Where
	// lanes is not 1 it uses t.panel.
	quad       func(t *tileArgs)
	quadBlocks int // a row must be a whole multiple of this many blocks
}

// tileArgs is what tile needs, in one struct so that assembly finds each by name
// (go_asm.h).
type tileArgs struct {
	panel          *byte
	w              *byte // or, for direct, the rows themselves
	wStride        int
	rows, rowBytes int      // for quad: of a stream
	nb             int      // blocks in the panel
	tokens         int      // rows of activations
	acc            *float32 // a token's are rows*lanes, read and written
	accStride      int      // for quad: bytes from one stream's results to the next's

	q       *int8    // 8-bit activations of the first block and token (see Acts)
	f       *float32 // or float32 ones
	qStride int      // bytes from one token's q or f to the next's
	d       *float32 // scales
	dStride int      // bytes from one token's d, pairs or ds to the next's
	pairs   *uint32
	ds      *float32
	sums    *int16
	sStride int    // bytes from one token's sums to the next's
	offset  uint32 // -kernel.offset as int16, twice
}

// kernels are the chosen kernels by type, nil for those that have none: for each type
// the first entry of kernelTable whose level is allowed.
var kernels = chooseKernels()

func chooseKernels() []*kernel {
	var chosen []*kernel
	for t, list := range kernelTable {
		i := slices.IndexFunc(list, func(k kernel) bool { return machine.Allowed(k.level) })
		if i >= 0 {
			chosen = append(chosen, make([]*kernel, max(0, int(t)+1-len(chosen)))...)
			chosen[t] = &list[i]
		}
	}
	return chosen
}

// kernelOf returns the chosen kernel of a type.
func kernelOf(t Type) *kernel {
	if int(t) < len(kernels) {
		return kernels[t]
	}
	return nil
}

// kernelFor returns the kernel for matrices of type t with that many rows: the
// first allowed one whose panel they fill, or else the one of the smallest panel. It
// is nil for types without kernels.
func kernelFor(t Type, rows int) *kernel {
	best := kernelOf(t)
	if best == nil || rows >= best.rows {
		return best
	}
	for i := range kernelTable[t] {
		if k := &kernelTable[t][i]; k.rows < best.rows && machine.Allowed(k.level) {
			if best = k; rows >= k.rows {
				break
			}
		}
	}
	return best
}

// KernelName returns the name of the kernel that multiplies weights of type t.
func KernelName(t Type) string {
	if k := kernelOf(t); k != nil {
		return k.level
	}
	return "generic"
}

// directFor returns the function to multiply that many tokens without a panel, nil
// if there is none.
func (k *kernel) directFor(tokens int) func(t *tileArgs) {
	switch {
	case tokens == 1 && k.row != nil:
		return k.row
	case tokens <= k.directTokens:
		return k.direct
	}
	return nil
}

// streams reports whether quad can be used for rows of that many weights.
func (k *kernel) streams(cols int) bool {
	return k.quad != nil && cols%(k.quadBlocks*k.blockLen) == 0
}

// mergeTables joins tables of kernels for different types.
func mergeTables(tables ...map[Type][]kernel) map[Type][]kernel {
	all := map[Type][]kernel{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}
