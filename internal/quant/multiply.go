package quant

const (
	// A group of panels is multiplied with some tokens before the next tokens'
	// turn, so that the activations, which only a far cache holds, are read once
	// for the group. With the accumulators of more panels that gain is lost again.
	groupPanels = 2
	groupTokens = 48
)

// mulKernel is MulRows by kernel k, for a matrix of at least a panel's rows.
func (w *Matrix) mulKernel(k *kernel, out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	if a.Rows == 1 && w.Rows >= 4 && k.streams(w.Cols) {
		w.mulQuads(k, out, a, lo, hi, s)
	} else if direct := k.directFor(a.Rows); direct != nil {
		w.mulDirect(k, direct, out, stride, a, lo, hi, s)
	} else {
		w.mulPanels(k, out, stride, a, lo, hi, s)
	}
}

// mulPanels is mulKernel by pack and tile.
//
// The last panel of a matrix starts early enough to be whole; the rows computed
// twice are the same to the bit and only those asked for are copied out.
func (w *Matrix) mulPanels(k *kernel, out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	nb, rowBytes, blockBytes := w.Cols/k.blockLen, w.Type.RowBytes(w.Cols), w.Type.RowBytes(k.blockLen)
	run := max(1, min(nb, k.maxBlocks))
	panels := min(groupPanels, (hi-lo+k.rows-1)/k.rows)
	s.panel = resize(s.panel, panels*run*k.panelBytes)
	s.acc = resize(s.acc, panels*a.Rows*k.rows*k.lanes)
	for r := lo; r < hi; r += panels * k.rows {
		n := min(panels, (hi-r+k.rows-1)/k.rows)
		rows := func(i int) []byte { return w.panelRows(k, r+i*k.rows) }
		clear(s.acc)
		for b := 0; b < nb; b += run {
			blocks := min(run, nb-b)
			for i := range n {
				k.pack(&s.panel[i*run*k.panelBytes], &rows(i)[b*blockBytes], rowBytes, blocks)
			}
			s.multiply(k, a, n, run, b, blocks)
		}
		if nb*k.blockLen < w.Cols {
			for i := range n {
				k.pack(&s.panel[i*run*k.panelBytes], s.padTail(k, rows(i), rowBytes, nb*blockBytes), tailStride, 1)
			}
			s.multiply(k, a, n, run, nb, 1)
		}
		for i := range n {
			w.copyOut(k, out, stride, a.Rows, r+i*k.rows, hi, s.acc[i*a.Rows*k.rows*k.lanes:], s)
		}
	}
}

// multiply adds the products of n packed panels, which have room for run blocks each,
// with the given number of blocks of a from block b on to s.acc.
func (s *Scratch) multiply(k *kernel, a *Acts, n, run, b, blocks int) {
	t := &s.args
	for from := 0; from < a.Rows; from += groupTokens {
		*t = tileArgs{nb: blocks, tokens: min(groupTokens, a.Rows-from), offset: k.tileOffset()}
		a.setTileArgs(t, from, b, k.blockLen)
		for i := range n {
			t.panel = &s.panel[i*run*k.panelBytes]
			t.acc = &s.acc[(i*a.Rows+from)*k.rows*k.lanes]
			k.tile(t)
		}
	}
}

// mulDirect is mulKernel for a few tokens by direct, one of k's functions that need
// no panel.
func (w *Matrix) mulDirect(k *kernel, direct func(*tileArgs), out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	nb, rowBytes := w.Cols/k.blockLen, w.Type.RowBytes(w.Cols)
	s.panel = resize(s.panel, max(k.panelBytes, k.directBytes))
	s.acc = resize(s.acc, a.Rows*k.rows*k.lanes)
	add := func(rows *byte, stride, b, blocks int) {
		s.args = tileArgs{panel: &s.panel[0], w: rows, wStride: stride, nb: blocks, tokens: a.Rows, acc: &s.acc[0], offset: k.tileOffset()}
		a.setTileArgs(&s.args, 0, b, k.blockLen)
		direct(&s.args)
	}
	for r := lo; r < hi; r += k.rows {
		rows := w.panelRows(k, r)
		clear(s.acc)
		if nb > 0 {
			add(&rows[0], rowBytes, 0, nb)
		}
		if nb*k.blockLen < w.Cols {
			add(s.padTail(k, rows, rowBytes, w.Type.RowBytes(nb*k.blockLen)), tailStride, nb, 1)
		}
		w.copyOut(k, out, stride, a.Rows, r, hi, s.acc, s)
	}
}

// panelRows returns the bytes of a panel's rows, of which row r is one.
func (w *Matrix) panelRows(k *kernel, r int) []byte {
	rowBytes := w.Type.RowBytes(w.Cols)
	first := min(r, w.Rows-k.rows)
	return w.Data[first*rowBytes : (first+k.rows)*rowBytes]
}

// copyOut stores rows r and on of panelRows(k, r), but for those from hi on, of
// accumulators acc [tokens, k.rows, k.lanes].
func (w *Matrix) copyOut(k *kernel, out []float32, stride, tokens, r, hi int, acc []float32, s *Scratch) {
	skip := r - min(r, w.Rows-k.rows)
	last := min(r-skip+k.rows, hi)
	for i := range tokens {
		sums := acc[i*k.rows*k.lanes : (i+1)*k.rows*k.lanes]
		if k.lanes > 1 {
			k.sum(s.sums[:k.rows], sums)
			sums = s.sums[:]
		}
		copy(out[i*stride+r:i*stride+last], sums[skip:])
	}
}

// mulStreams is MulStreams by k.quad.
func (w *Matrix) mulStreams(k *kernel, out []float32, outApart int, a *Acts, lo, apart, n int, s *Scratch) {
	rowBytes := w.Type.RowBytes(w.Cols)
	_, _ = w.Data[(lo+3*apart+n)*rowBytes-1], out[3*outApart+n-1]
	s.panel = resize(s.panel, k.panelBytes)
	s.args = tileArgs{panel: &s.panel[0], w: &w.Data[lo*rowBytes], wStride: apart * rowBytes, rows: n, rowBytes: rowBytes,
		nb: w.Cols / k.blockLen, tokens: 1, acc: &out[0], accStride: 4 * outApart, offset: k.tileOffset()}
	a.setTileArgs(&s.args, 0, 0, k.blockLen)
	k.quad(&s.args)
}

// mulQuads is mulKernel for a single token by k.quad, for a matrix of at least four rows.
func (w *Matrix) mulQuads(k *kernel, out []float32, a *Acts, lo, hi int, s *Scratch) {
	if n := (hi - lo) / 4; n > 0 {
		w.mulStreams(k, out[lo:], n, a, lo, n, n, s)
		lo += 4 * n
	}
	if lo < hi { // up to three rows, by four that end with the last of them or start with the first of all
		s.acc = resize(s.acc, 4)
		first := max(0, hi-4)
		w.mulStreams(k, s.acc, 1, a, first, 1, 1, s)
		copy(out[lo:hi], s.acc[lo-first:])
	}
}

// mulNarrow is mulKernel for a matrix of fewer rows than a panel: it takes a copy
// that rows of zeros make whole. Zeros are valid blocks of every format, and what
// they give is not copied out.
func (w *Matrix) mulNarrow(k *kernel, out []float32, stride int, a *Acts, lo, hi int, s *Scratch) {
	s.whole = resize(s.whole, k.rows*w.Type.RowBytes(w.Cols))
	clear(s.whole[copy(s.whole, w.Data):])
	whole := Matrix{w.Type, k.rows, w.Cols, s.whole}
	whole.mulKernel(k, out, stride, a, lo, hi, s)
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

// setTileArgs sets the part of a tile's arguments that describes a, from a token and
// from block b of blockLen activations on.
func (a *Acts) setTileArgs(t *tileArgs, token, b, blockLen int) {
	row, block := token*a.Stride, token*a.Blocks+b
	switch a.form {
	case ActF32, ActF16, ActBF16:
		t.f, t.qStride = &a.F[row+b*blockLen], a.Stride*4
	case ActQ8:
		t.q, t.qStride = &a.Q[row+b*32], a.Stride
		t.d, t.dStride = &a.D[block], a.Blocks*4
		t.pairs, t.ds = &a.Pairs[block], &a.DS[block]
	case ActQ8K:
		t.q, t.qStride = &a.Q[row+b*256], a.Stride
		t.d, t.dStride = &a.D[block], a.Blocks*4
		t.sums, t.sStride = &a.Sums[block*16], a.Blocks*32
	}
}

// tileOffset returns tileArgs.offset.
func (k *kernel) tileOffset() uint32 { return uint32(uint16(-k.offset)) * 0x10001 }
