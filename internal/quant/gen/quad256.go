package main

// This file generates the products of k-quants with one token. At R10 there
// is room for a packed block. The body stores only scales and minima there,
// so the room for weights is free. There, the first 32 bytes have isum, the
// sums over the super-block, and the next 16 bytes have the accumulators.
//
// The products use V16 to V25 and V28. No body needs these registers while it computes products.

// accumulators is where the accumulators of four rows are kept between super-blocks.
const accumulators = "32(R10)"

// quad256 generates the function that multiplies a k-quant with one token.
func (f format) quad256(a *asm, l layout, one fused) {
	hasMin := one.hasMin
	p := &packer{asm: a, layout: l, fused: &one}
	p.quadStart(f, quadName(f, l), "acc = fma(isum, d*D, acc)"+map[bool]string{true: ",\n// acc = fma(-msum, dmin*D, acc)"}[hasMin])
	p.top("//\tR10 room for a packed block%s", map[bool]string{true: "\n//\tR0 sums of activations\n//\tR14 the block's sums of activations"}[hasMin])
	p.quadArgs(quadName(f, l))
	p.op("MOVD", "tileArgs_Panel(R0), R10")
	if hasMin {
		p.op("MOVD", "tileArgs_Sums(R0), R0")
	}

	p.label("rows")
	p.pointFour()
	p.op("MOVD", "R23, R13")
	p.op("MOVD", "R24, R26")
	if hasMin {
		p.op("MOVD", "R0, R14")
	}
	p.bytes(0, 1)
	p.store(1, accumulators)
	p.label("block")
	p.prefetch(f.bytes)
	f.setup(p)
	p.bytes(0, 16)
	p.store2(16, 16, "(R10)")
	f.body(p)
	p.blank()
	p.note("acc = fma(isum, d*D, acc)")
	p.quadTail()
	p.advance(f.bytes - f.moved)
	p.add(4, "R26")
	p.loop("R8", "block")
	p.quadEnd(1)
}

// A chunk is one or two sub-blocks that are unpacked together. subProducts returns
// the registers for the products of one of them. On NEON, each register has the
// products of one row. On SDOT, the first register has the sums of all rows.
func (p *packer) subProducts(sub int) quad { return regs([]int{16, 22}[sub]) }

// multiplyHalf multiplies 16 weights of each row: half
// number half of the chunk's sub-block number sub.
func (p *packer) multiplyHalf(q quad, sub, half int) {
	const acts = 20
	p.load(at(32*sub+16*half, "R13"), acts)
	t := p.subProducts(sub)
	switch {
	case p.layout == sdot:
		if half == 0 {
			p.bytes(0, t[0])
		}
		for i := range 4 {
			p.word("VSDOT4B", acts, i, q[i], t[0])
		}
	case p.fused.any: // V16-V19 have the first half's sums, V22-V25 the second half's products
		if half == 1 {
			t = regs(22)
		}
		for i := range 4 {
			p.word("VSMULL", acts, q[i], t[i])
		}
		for i := range 4 {
			p.word("VSMLAL2", acts, q[i], t[i])
		}
		for i := range 4 {
			if half == 0 {
				p.word("VSADDLP", t[i], t[i])
			} else {
				p.word("VSADALP", t[i], 16+i)
			}
		}
	default:
		for i := range 4 {
			p.word([]string{"VSMULL", "VSMLAL"}[half], acts, q[i], t[i])
		}
		for i := range 4 {
			p.word("VSMLAL2", acts, q[i], t[i])
		}
	}
}

// next advances the pointers by n sub-blocks. It adds the sums of sub-blocks of 32
// weights to isum. For sub-blocks of 16 weights, addPiece has already added them.
func (p *packer) next(n, width int) {
	if p.fused != nil {
		if width == 32 {
			p.note("isum += scale * sum")
			for sub := range n {
				t := p.subProducts(sub)
				switch {
				case p.layout == neon && p.fused.any:
					p.vec("VADDP", "S4", t[1], t[0], t[0])
					p.vec("VADDP", "S4", t[3], t[2], t[2])
					p.vec("VADDP", "S4", t[2], t[0], t[0])
				case p.layout == neon:
					p.vec("VADDP", "H8", t[1], t[0], t[0])
					p.vec("VADDP", "H8", t[3], t[2], t[2])
					p.word("VSADDLP", t[0], t[0])
					p.word("VSADDLP", t[2], t[2])
					p.vec("VADDP", "S4", t[2], t[0], t[0])
				}
			}
			const isum = 24
			p.load("(R10)", isum)
			for sub := range n {
				t := p.subProducts(sub)
				p.load(at(sub*p.subBytes(32)+4*32, "R11"), 20)
				p.word("VMLA4S", 20, t[0], isum)
			}
			p.store(isum, "(R10)")
		}
		p.add(n*width, "R13")
	}
	p.add(n*p.subBytes(width), "R11")
}

// multiplyPairs does what putPairs describes: it multiplies vectors i
// and i+1, of 16 weights each, by activations, and adds the products
// to the sums of the four sub-blocks of a piece. It uses V24 to V27.
func (p *packer) multiplyPairs(v []quad, piece, i int) {
	for j := range 4 {
		p.load(at(32*j+16*piece, "R13"), 28)
		sum := 20 + j
		if p.layout == sdot {
			if i == 0 {
				p.bytes(0, sum)
			}
			p.word("VSDOT4B", 28, i, v[0][j], sum)
			p.word("VSDOT4B", 28, i+1, v[1][j], sum)
			continue
		}
		t := 24 + j%2*2
		p.word("VSMULL", 28, v[0][j], t)
		p.word("VSMULL", 28, v[1][j], t+1)
		p.word("VSMLAL2", 28, v[0][j], t)
		p.word("VSMLAL2", 28, v[1][j], t+1)
		if i == 0 {
			p.vec("VADDP", "H8", t+1, t, sum)
		} else {
			p.vec("VADDP", "H8", t+1, t, t)
			p.vec("VADDP", "H8", t, sum, sum)
		}
	}
}

// addPiece adds the sums of a piece's four sub-blocks (see putPairs), times their scales, to isum.
func (p *packer) addPiece(piece int) {
	if p.fused == nil {
		return
	}
	p.note("isum += scale * sum")
	p.load2("(R10)", 26, 27)
	for j := range 4 {
		p.load(at((2*j+piece)*p.subBytes(16)+4*16, "R11"), 24)
		if p.layout == sdot {
			p.word("VMLA4S", 24, 20+j, 26)
		} else {
			p.word("VSMLAL4S", 24, 20+j, 26)
			p.word("VSMLAL24S", 24, 20+j, 27)
		}
	}
	p.store2(26, 27, "(R10)")
}

// quadTail ends a super-block: it adds isum, and msum, to the accumulators.
//
//	V0       isum
//	V1       accumulators
//	V2       D
//	V3       d, d*D
//	V4-V7    sums of activations
//	V8       msum
//	V9       dmin
//	V10      63
//	V16-V23  minima
func (p *packer) quadTail() {
	tail, width := p.tail256(p.fused.width), p.fused.width
	p.load2("(R10)", 0, 11)
	if p.layout == neon && width == 16 {
		p.vec("VADDP", "S4", 11, 0, 0)
	}
	p.load(accumulators, 1)
	p.op("FMOVS", "(R26), F2")
	p.load(at(tail, "R10"), 3)
	p.word("VFMULS", 2, 0, 3, 3)
	p.word("VSCVTF", 0, 0)
	p.vec("VFMLA", "S4", 3, 0, 1)
	if p.fused.hasMin {
		p.load(at(tail+p.lanes, "R10"), 9)
		p.load2("(R14)", 4, 5)
		p.bytes(0, 8)
		first := tail + 2*p.lanes
		if p.layout == neon {
			for i := 0; i < minima(width)/2; i += 2 {
				p.load2(at(first+16*i, "R10"), 16+i, 17+i)
			}
			if width == 32 {
				p.vec("VADDP", "H8", 5, 4, 4)
			}
			for j := 0; j < minima(width); j += 2 {
				p.word("VSMLALH", 4+j/8, j%8, 16+j/2, 8)
				p.word("VSMLAL2H", 4+j/8, j%8+1, 16+j/2, 8)
			}
		} else {
			for i := 0; i < minima(width)/4; i += 2 {
				p.load2(at(first+16*i, "R10"), 16+i, 17+i)
			}
			p.bytes(63, 10)
			p.shift("VUSHR", "H8", 8, 10, 10)
			low, high, elems := sumBytes(p.asm, width, 10)
			for e := range elems {
				p.word("VSDOT4B", high, e+(elems&2), 16+e, 8)
			}
			p.shift("VSHL", "S4", 6, 8, 8)
			for e := range elems {
				p.word("VSDOT4B", low, e, 16+e, 8)
			}
		}
		p.word("VFMULS", 2, 0, 9, 9)
		p.word("VSCVTF", 8, 8)
		p.vec("VFMLS", "S4", 9, 8, 1)
		p.add(32, "R14")
	}
	p.store(1, accumulators)
}
