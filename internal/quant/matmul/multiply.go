package matmul

import "alpaca/internal/quant/kernel"

const (
	// A group of panels is multiplied with one group of tokens before it is
	// multiplied with the next tokens. So the activations, which are only in
	// a distant cache, are read once for the whole group of panels. Larger
	// groups of panels are not faster, because they need more accumulators.
	groupPanels = 2
	groupTokens = kernel.GroupTokens
)

// results says where to write rows lo to hi-1 of a product: row r of token i goes to
// out[i*stride+r].
type results struct {
	out            []float32
	stride, lo, hi int
}

// mulKernel does what MulRows does, with kernel k. The matrix must have at least as many rows
// as a panel.
func (w *Matrix) mulKernel(k *kernel.Kernel, to results, a *Acts, s *Scratch) {
	if a.Rows == 1 && w.Rows >= 4 && k.Streams(w.Cols) {
		w.mulQuads(k, to, a, s)
	} else if direct := k.DirectFor(a.Rows); direct != nil {
		w.mulDirect(k, direct, to, a, s)
	} else {
		w.mulPanels(k, to, a, s)
	}
}

// mulPanels does what mulKernel does, with Pack and Tile.
//
// The last panel of a matrix starts early enough to be whole. Rows that are computed twice have
// the same results, and copyOut copies only the rows from lo to hi-1.
func (w *Matrix) mulPanels(k *kernel.Kernel, to results, a *Acts, s *Scratch) {
	nb, rowBytes, blockBytes := w.Cols/k.BlockLen, w.Type.RowBytes(w.Cols), w.Type.RowBytes(k.BlockLen)
	run := max(1, min(nb, k.MaxBlocks))
	panels := min(groupPanels, (to.hi-to.lo+k.Rows-1)/k.Rows)
	s.panel = resize(s.panel, panels*run*k.PanelBytes)
	s.acc = resize(s.acc, panels*a.Rows*k.Rows*k.Lanes)
	for r := to.lo; r < to.hi; r += panels * k.Rows {
		n := min(panels, (to.hi-r+k.Rows-1)/k.Rows)
		rows := func(i int) []byte { return w.panelRows(k, r+i*k.Rows) }
		clear(s.acc)
		for b := 0; b < nb; b += run {
			blocks := min(run, nb-b)
			for i := range n {
				k.Pack(&s.panel[i*run*k.PanelBytes], &rows(i)[b*blockBytes], rowBytes, blocks)
			}
			s.multiply(k, a, n, run, b, blocks)
		}
		if nb*k.BlockLen < w.Cols {
			for i := range n {
				k.Pack(&s.panel[i*run*k.PanelBytes], s.padTail(k, rows(i), rowBytes, nb*blockBytes), tailStride, 1)
			}
			s.multiply(k, a, n, run, nb, 1)
		}
		for i := range n {
			w.copyOut(k, to, a.Rows, r+i*k.Rows, s.acc[i*a.Rows*k.Rows*k.Lanes:], s)
		}
	}
}

// multiply multiplies n packed panels with activations, and adds the products to s.acc. It uses the
// given number of blocks of activations, from block b on. Each panel has room for run blocks.
func (s *Scratch) multiply(k *kernel.Kernel, a *Acts, n, run, b, blocks int) {
	t := &s.args
	for from := 0; from < a.Rows; from += groupTokens {
		*t = kernel.Args{NB: blocks * a.perBlock(k.BlockLen), Tokens: min(groupTokens, a.Rows-from), Offset: k.TileOffset()}
		a.setTileArgs(t, from, b, k.BlockLen)
		for i := range n {
			t.Panel = &s.panel[i*run*k.PanelBytes]
			t.Acc = &s.acc[(i*a.Rows+from)*k.Rows*k.Lanes]
			k.Tile(t)
		}
	}
}

// mulDirect does what mulKernel does, for a few tokens. direct is one of k's functions that
// need no panel.
func (w *Matrix) mulDirect(k *kernel.Kernel, direct func(*kernel.Args), to results, a *Acts, s *Scratch) {
	nb, rowBytes := w.Cols/k.BlockLen, w.Type.RowBytes(w.Cols)
	s.panel = resize(s.panel, max(k.PanelBytes, k.DirectBytes+4*a.Rows*a.Blocks))
	s.acc = resize(s.acc, a.Rows*k.Rows*k.Lanes)
	add := func(rows *byte, stride, b, blocks int) {
		s.args = kernel.Args{Panel: &s.panel[0], W: rows, WStride: stride, NB: blocks * a.perBlock(k.BlockLen), Tokens: a.Rows, Acc: &s.acc[0], Offset: k.TileOffset()}
		a.setTileArgs(&s.args, 0, b, k.BlockLen)
		direct(&s.args)
	}
	for r := to.lo; r < to.hi; r += k.Rows {
		rows := w.panelRows(k, r)
		if next := r + touchAhead*k.Rows; next < w.Rows {
			s.touch(w.panelRows(k, next))
		}
		clear(s.acc)
		if nb > 0 {
			add(&rows[0], rowBytes, 0, nb)
		}
		if nb*k.BlockLen < w.Cols {
			add(s.padTail(k, rows, rowBytes, w.Type.RowBytes(nb*k.BlockLen)), tailStride, nb, 1)
		}
		w.copyOut(k, to, a.Rows, r, s.acc, s)
	}
}

// touch reads a byte in each piece of touchStep bytes of rows. Kernels prefetch the next rows,
// but CPUs ignore a prefetch from a page of the file that the process has not used yet. This
// read causes the page fault, so that prefetching also works in the first pass over a file.
func (s *Scratch) touch(rows []byte) {
	for i := 0; i < len(rows); i += touchStep {
		s.touched ^= rows[i]
	}
}

const (
	// touchStep is the number of bytes that Linux maps at a page fault in a file.
	touchStep = 64 << 10
	// mulDirect touches the panel that is touchAhead panels after
	// the current one. With 1 instead of 8, this panel would
	// often belong to the next call, and nothing would be gained.
	touchAhead = 8
)

// panelRows returns the bytes of the rows of a panel that contains row r.
func (w *Matrix) panelRows(k *kernel.Kernel, r int) []byte {
	rowBytes := w.Type.RowBytes(w.Cols)
	first := min(r, w.Rows-k.Rows)
	return w.Data[first*rowBytes : (first+k.Rows)*rowBytes]
}

// copyOut writes the results of the rows from r to to.hi-1 that are in panelRows(k, r). acc are
// their accumulators [tokens, k.Rows, k.Lanes].
func (w *Matrix) copyOut(k *kernel.Kernel, to results, tokens, r int, acc []float32, s *Scratch) {
	skip := r - min(r, w.Rows-k.Rows)
	last := min(r-skip+k.Rows, to.hi)
	for i := range tokens {
		sums := acc[i*k.Rows*k.Lanes : (i+1)*k.Rows*k.Lanes]
		if k.Lanes > 1 {
			k.Sum(s.sums[:k.Rows], sums)
			sums = s.sums[:]
		}
		copy(to.out[i*to.stride+r:i*to.stride+last], sums[skip:])
	}
}

// mulStreams does what MulStreams does, with k.Quad.
func (w *Matrix) mulStreams(k *kernel.Kernel, out []float32, outApart int, a *Acts, rows Streams, s *Scratch) {
	rowBytes := w.Type.RowBytes(w.Cols)
	lo, apart, n := rows.Lo, rows.Apart, rows.N
	_, _ = w.Data[(lo+3*apart+n)*rowBytes-1], out[3*outApart+n-1]
	s.panel = resize(s.panel, k.PanelBytes)
	s.args = kernel.Args{Panel: &s.panel[0], W: &w.Data[lo*rowBytes], WStride: apart * rowBytes, Rows: n, RowBytes: rowBytes,
		NB: w.Cols / k.BlockLen * a.perBlock(k.BlockLen), Tokens: 1, Acc: &out[0], AccStride: 4 * outApart, Offset: k.TileOffset()}
	a.setTileArgs(&s.args, 0, 0, k.BlockLen)
	k.Quad(&s.args)
}

// mulQuads does what mulKernel does, with k.Quad, for a single token and a matrix of at least
// four rows.
func (w *Matrix) mulQuads(k *kernel.Kernel, to results, a *Acts, s *Scratch) {
	out, lo, hi := to.out, to.lo, to.hi
	if n := (hi - lo) / 4; n > 0 {
		w.mulStreams(k, out[lo:], n, a, Streams{lo, n, n}, s)
		lo += 4 * n
	}
	if lo < hi { // one to three rows are left: multiply four rows that end with them, or the first four rows of the matrix
		s.acc = resize(s.acc, 4)
		first := max(0, hi-4)
		w.mulStreams(k, s.acc, 1, a, Streams{first, 1, 1}, s)
		copy(out[lo:hi], s.acc[lo-first:])
	}
}

// mulNarrow does what mulKernel does, for a matrix with fewer rows than a
// panel. It copies the rows and adds rows of zero bytes, which are valid
// blocks in every format. The results of the added rows are not copied out.
func (w *Matrix) mulNarrow(k *kernel.Kernel, to results, a *Acts, s *Scratch) {
	s.whole = resize(s.whole, k.Rows*w.Type.RowBytes(w.Cols))
	clear(s.whole[copy(s.whole, w.Data):])
	whole := Matrix{w.Type, k.Rows, w.Cols, s.whole, k}
	whole.mulKernel(k, to, a, s)
}

// tailStride is the number of bytes between padTail's rows. No float format has longer steps.
const tailStride = 64

// padTail copies the last, short step of each row of a float format, and pads it with zeros to
// a whole step. The parameter from is the index of the step's first byte in a row.
func (s *Scratch) padTail(k *kernel.Kernel, rows []byte, rowBytes, from int) *byte {
	s.tail = resize(s.tail, k.Rows*tailStride)
	clear(s.tail)
	for i := range k.Rows {
		copy(s.tail[i*tailStride:], rows[i*rowBytes+from:(i+1)*rowBytes])
	}
	return &s.tail[0]
}

// setTileArgs sets the fields of t that describe the activations a. They begin with the given
// token and with the columns of block b of the weights. A block of weights has blockLen columns.
func (a *Acts) setTileArgs(t *kernel.Args, token, b, blockLen int) {
	row, block := token*a.Stride, token*a.Blocks+b*a.perBlock(blockLen)
	switch a.form {
	case ActF32, ActF16, ActBF16:
		t.F, t.QStride = &a.F[row+b*blockLen], a.Stride*4
	case ActQ8:
		t.Q, t.QStride = &a.Q[row+b*blockLen], a.Stride
		t.D, t.DStride = &a.D[block], a.Blocks*4
		t.Pairs, t.DS = &a.Pairs[block], &a.DS[block]
	case ActQ8K:
		t.Q, t.QStride = &a.Q[row+b*blockLen], a.Stride
		t.D, t.DStride = &a.D[block], a.Blocks*4
		t.Sums, t.SStride = &a.Sums[block*16], a.Blocks*32
	}
}

// perBlock returns the number of blocks of activations for a block of blockLen weights.
func (a *Acts) perBlock(blockLen int) int {
	if a.form < ActQ8 {
		return 1
	}
	return blockLen / a.blockLen()
}
