package main

// This file has what all k-quants share. A packed super-block begins with its
// sub-blocks. A sub-block has weights as signed bytes and scales as int32.
// After the sub-blocks come the super-block's scales as float32. If the format
// has minima, then come their scales as float32, and the minima themselves.
//
// In every layout, transpose makes vectors whose 32-bit lanes belong to
// rows. A lane has four bytes of a row, from the same place in every row.

// lanesOf sets the int32 lanes of dst to byte j of the lanes of src. The byte is signed.
func (p *packer) lanesOf(src, j, dst int) {
	if j < 3 {
		p.shift("VSHL", "S4", 24-8*j, src, dst)
		src = dst
	}
	p.word("VSSHR4S", 24, src, dst)
}

// putScale stores the scales of a sub-block, which are int32 lanes in v.
// In the NEON layout, a sum over 16 weights is a pair of int16. The
// kernels multiply both int16 by the scale, so they need each scale twice.
func (p *packer) putScale(v, tmp, sub, width int) {
	if p.layout == neon && width == 16 {
		p.shift("VSLI", "S4", 16, v, v)
	}
	p.putLanes(v, tmp, sub*p.subBytes(width)+4*width)
}

// putScales stores the scales of four sub-blocks from sub on. words is a vector that has the
// scales as bytes.
func (p *packer) putScales(words, tmp, sub, width int) {
	for j := range 4 {
		p.lanesOf(words, j, tmp)
		p.putScale(tmp, tmp+1, sub+j, width)
	}
}

// putMinima stores the minima. words are vectors that have the minima as bytes, four in each
// lane. The NEON layout has minima as int16. The other layouts have minima as bytes, because
// their kernels multiply them by sums of activations that are cut into bytes (see minimaByBytes).
func (p *packer) putMinima(words []int, tmp, off int) {
	for i, w := range words {
		switch p.layout {
		case sdot:
			p.store(w, at(off+16*i, "R10"))
		case i8mm:
			if i%2 == 0 {
				p.vec("VZIP1", "S4", words[i+1], w, tmp)
				p.vec("VZIP2", "S4", words[i+1], w, tmp+1)
				p.store2(tmp, tmp+1, at(off+16*i, "R10"))
			}
		case neon:
			for j := 0; j < 4; j += 2 {
				p.lanesOf(w, j, tmp)
				p.lanesOf(w, j+1, tmp+1)
				p.vec("VUZP1", "H8", tmp+1, tmp, tmp)
				p.store(tmp, at(off+32*i+8*j, "R10"))
			}
		}
	}
}
