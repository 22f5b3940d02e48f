package quant

import (
	"maps"
	"slices"
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
	level string // instruction set, one of levels

	rows       int // rows in a panel
	blockLen   int // weights of a row in a block: 32, 256, or a step of a float format
	panelBytes int // bytes of a panel for each block
	maxBlocks  int // most blocks that pack and tile are given
	lanes      int // float32 accumulators an output: 1, or 8 partial sums for float formats
	offset     int // what pack adds to integer weights to make them unsigned, if tile asks

	// pack rearranges nb blocks of rows rows that start at w and lie stride
	// bytes apart. It reads nothing but those blocks.
	pack func(panel, w *byte, stride, nb int)
	// tile adds the product of the panel with t.tokens rows of activations to
	// the accumulators.
	tile func(t *tileArgs)

	// direct, where there is one, is pack and tile in one for at most
	// directTokens rows of activations: it reads the blocks at t.w, whose rows
	// are t.wStride bytes apart; at t.panel there is room for a block.
	direct       func(t *tileArgs)
	directTokens int
	// row, where there is one, is direct for a single token.
	row func(t *tileArgs)
	// quad, where there is one, is direct for a single token and t.rows rows of
	// t.rowBytes bytes, a multiple of four rows of a multiple of four blocks. It goes
	// through four streams of rows, t.wStride apart, side by side, and sets the
	// results themselves at t.acc. Where lanes is not 1 it uses t.panel.
	quad func(t *tileArgs)
}

// tileArgs is what tile needs, in one struct so that assembly finds each by name
// (go_asm.h).
type tileArgs struct {
	panel          *byte
	w              *byte // or, for direct, the rows themselves
	wStride        int
	rows, rowBytes int      // for quad
	nb             int      // blocks in the panel
	tokens         int      // rows of activations
	acc            *float32 // [tokens, rows, lanes], read and written

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
		i := slices.IndexFunc(list, func(k kernel) bool { return Allowed(k.level) })
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
		if k := &kernelTable[t][i]; k.rows < best.rows && Allowed(k.level) {
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

// mulPanels is MulRows by kernel k.
func (w *Matrix) mulPanels(k *kernel, out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	nb, rowBytes := w.Cols/k.blockLen, w.Type.RowBytes(w.Cols)
	if k.quad != nil && a.Rows == 1 && nb%4 == 0 && nb*k.blockLen == w.Cols && w.Rows >= 4 {
		w.mulQuads(k, out, a, lo, hi, s)
		return
	}
	blockBytes := w.Type.RowBytes(k.blockLen)
	run := max(1, min(nb, k.maxBlocks))
	direct := k.directFor(a.Rows)
	s.panel = resize(s.panel, run*k.panelBytes)
	if direct != nil {
		run = max(1, nb)
	}
	s.acc = resize(s.acc, a.Rows*k.rows*k.lanes)
	for r := lo; r < hi; r += k.rows {
		// The last panel of a matrix starts early enough to be whole; the
		// rows computed twice are the same to the bit and only those
		// asked for are copied out.
		first := min(r, w.Rows-k.rows)
		rows := w.Data[first*rowBytes : (first+k.rows)*rowBytes]
		clear(s.acc)
		for b := 0; b < nb; b += run {
			n := min(run, nb-b)
			s.multiply(k, direct, a, &rows[b*blockBytes], rowBytes, b, n)
		}
		if nb*k.blockLen < w.Cols {
			s.multiply(k, direct, a, s.padTail(k, rows, rowBytes, nb*blockBytes), tailStride, nb, 1)
		}
		last := min(r+k.rows, hi)
		for i := range a.Rows {
			acc := s.acc[i*k.rows*k.lanes : (i+1)*k.rows*k.lanes]
			dst := out[i*stride+r : i*stride+last]
			if k.lanes > 1 {
				sumLanes(s.sums[:k.rows], acc)
				acc = s.sums[:]
			}
			copy(dst, acc[r-first:])
		}
	}
}

// mulQuads is mulPanels for a single token by k.quad.
func (w *Matrix) mulQuads(k *kernel, out []float32, a *Acts, lo, hi int, s *Scratch) {
	rowBytes := w.Type.RowBytes(w.Cols)
	t := &s.args
	s.panel = resize(s.panel, k.panelBytes)
	*t = tileArgs{panel: &s.panel[0], rowBytes: rowBytes, nb: w.Cols / k.blockLen, tokens: 1, offset: uint32(uint16(-k.offset)) * 0x10001}
	a.setTileArgs(t, 0, k.blockLen)
	if n := (hi - lo) &^ 3; n > 0 {
		t.rows, t.w, t.acc, t.wStride = n, &w.Data[lo*rowBytes], &out[lo], n/4*rowBytes
		k.quad(t)
		lo += n
	}
	if lo < hi { // up to three rows, by four that end with the last of them or start with the first of all
		s.acc = resize(s.acc, 4)
		first := max(0, hi-4)
		t.rows, t.w, t.acc, t.wStride = 4, &w.Data[first*rowBytes], &s.acc[0], rowBytes
		k.quad(t)
		copy(out[lo:hi], s.acc[lo-first:])
	}
}

// mulNarrow is mulPanels for a matrix of fewer rows than a panel: it takes a copy
// that rows of zeros make whole. Zeros are valid blocks of every format, and what
// they give is not copied out.
func (w *Matrix) mulNarrow(k *kernel, out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	s.whole = resize(s.whole, k.rows*w.Type.RowBytes(w.Cols))
	clear(s.whole[copy(s.whole, w.Data):])
	whole := Matrix{w.Type, k.rows, w.Cols, s.whole}
	whole.mulPanels(k, out, stride, a, lo, hi, s)
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

// multiply adds the product of n blocks of k.rows rows, which start at w and lie
// stride bytes apart, with blocks b and on of a to s.acc.
func (s *Scratch) multiply(k *kernel, direct func(*tileArgs), a *Acts, w *byte, stride, b, n int) {
	t := &s.args
	*t = tileArgs{panel: &s.panel[0], w: w, wStride: stride, nb: n, tokens: a.Rows, acc: &s.acc[0],
		offset: uint32(uint16(-k.offset)) * 0x10001}
	a.setTileArgs(t, b, k.blockLen)
	if direct != nil {
		direct(t)
		return
	}
	k.pack(t.panel, w, stride, n)
	k.tile(t)
}

// tailStride is the bytes between the rows that padTail makes: no float format's
// step is longer.
const tailStride = 64

// padTail copies the last, short step of a float format's rows, which starts at
// byte from of each, and pads it by zeros to a whole one.
func (s *Scratch) padTail(k *kernel, rows []byte, rowBytes, from int) *byte {
	s.tail = resize(s.tail, k.rows*tailStride)
	clear(s.tail)
	for i := range k.rows {
		copy(s.tail[i*tailStride:], rows[i*rowBytes+from:(i+1)*rowBytes])
	}
	return &s.tail[0]
}

// setTileArgs sets the part of a tile's arguments that describes a, from block b
// of blockLen activations on.
func (a *Acts) setTileArgs(t *tileArgs, b, blockLen int) {
	switch a.form {
	case ActF32, ActF16, ActBF16:
		t.f, t.qStride = &a.F[b*blockLen], a.Stride*4
	case ActQ8:
		t.q, t.qStride = &a.Q[b*32], a.Stride
		t.d, t.dStride = &a.D[b], a.Blocks*4
		t.pairs, t.ds = &a.Pairs[b], &a.DS[b]
	case ActQ8K:
		t.q, t.qStride = &a.Q[b*256], a.Stride
		t.d, t.dStride = &a.D[b], a.Blocks*4
		t.sums, t.sStride = &a.Sums[b*16], a.Blocks*32
	}
}

// mergeTables joins tables of kernels for different types.
func mergeTables(tables ...map[Type][]kernel) map[Type][]kernel {
	all := map[Type][]kernel{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}
