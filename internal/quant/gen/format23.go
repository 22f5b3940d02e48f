package main

// This file has the k-quants whose weights are pairs of bits: Q2_K and
// Q3_K. In Q3_K, the third bit of each weight is elsewhere in the block.

var formatQ2_K = format{
	name: "Q2_K", bytes: 84, moved: 64, one: &fused{width: 16, hasMin: true},
	doc:    "V31 15\n//\tV30 3",
	packed: func(l layout) int { return l.block256(16, true) },
	setup: func(p *packer) {
		p.bytes(15, 31)
		p.bytes(3, 30)
	},
	body: func(p *packer) {
		p.rows(0, regs(0))
		p.words(80, regs(16))
		transpose(p.asm, regs(0), regs(4))
		tail := p.tail256(16)
		for i := range 4 {
			p.vec("VAND", "B16", 31, i, 4+i)
			p.shift("VUSHR", "B16", 4, i, i)
		}
		for i := range 4 {
			p.putScales(4+i, 20, 4*i, 16)
		}
		p.putMinima([]int{0, 1, 2, 3}, 20, tail+2*p.lanes)
		p.halves(regs(16), 0, 20, tail)
		p.halves(regs(16), 1, 22, tail+p.lanes)
		p.op("MOVD", "R10, R11")
		p.op("MOVD", "$2, R12")
		p.label("half")
		p.note("Of 128 weights, 32 are the lowest two bits of 32 bytes, the next 32 are the next two bits, and so on.")
		for piece := range 2 {
			p.rows(16+16*piece, regs(0))
			q, t := p.arrange(p.asm, regs(0), regs(4))
			for i := 0; i < 4; i += 2 {
				outs := []quad{t, regs(8)}
				for k, t := range outs {
					p.twos(q[i+k], t, 30)
				}
				p.putPairs(outs, piece, i)
			}
			p.addPiece(piece)
		}
		p.advance(32)
		p.next(8, 16)
		p.loop("R12", "half")
	},
}

// putPairs stores or multiplies vectors i and i+1 of 16 weights, for each of four sub-blocks.
// Half a super-block has 32 bytes. Piece 0 is the first 16 of them, and piece 1 the second
// 16. A piece has the weights of sub-blocks piece, 2+piece, 4+piece and 6+piece of this half.
func (p *packer) putPairs(v []quad, piece, i int) {
	if p.fused != nil {
		p.multiplyPairs(v, piece, i)
		return
	}
	for j := range 4 {
		p.store2(v[0][j], v[1][j], at((2*j+piece)*p.subBytes(16)+16*i, "R11"))
	}
}

// twos sets the bytes of dst[j] to bits 2j and 2j+1 of the
// bytes of src. three is a register whose bytes are 3.
func (p *packer) twos(src int, dst quad, three int) {
	p.vec("VAND", "B16", three, src, dst[0])
	p.shift("VUSHR", "B16", 2, src, dst[1])
	p.shift("VUSHR", "B16", 4, src, dst[2])
	p.shift("VUSHR", "B16", 6, src, dst[3])
	p.vec("VAND", "B16", three, dst[1], dst[1])
	p.vec("VAND", "B16", three, dst[2], dst[2])
}

var formatQ3_K = format{
	name: "Q3_K", bytes: 110, moved: 64,
	doc: "V31 15\n//\tV30 3\n//\tV29 48\n//\tV28 32\n//\tV27 4\n//\tV8-V15 bit j is the high bit of the weights " +
		"of sub-blocks 2j and 2j+1\n//\tV23-V26 masks of bits 0 to 3",
	packed: func(l layout) int { return l.block256(16, false) },
	setup: func(p *packer) {
		p.bytes(15, 31)
		p.bytes(3, 30)
		p.bytes(48, 29)
		p.bytes(32, 28)
		p.bytes(4, 27)
	},
	body: func(p *packer) {
		p.note("Rotate the last 16 bytes of the block by 2 bytes: then the first 12 bytes have the 6-bit\nscales of the sub-blocks, and the scale of the super-block follows.")
		p.rows(94, regs(0))
		for i := range 4 {
			p.op("VEXT", "$2, V%d.B16, V%d.B16, V%d.B16", i, i, i)
		}
		transpose(p.asm, regs(0), regs(4))
		p.vec("VUZP1", "H8", 3, 3, 20)
		p.word("VFCVTL", 20, 20)
		p.putLanes(20, 21, p.tail256(16))
		// The high bits of scales 4g to 4g+3 are bits 2g and 2g+1 of the bytes of word 2.
		p.shift("VSHL", "B16", 4, 2, 16)
		p.shift("VSHL", "B16", 2, 2, 17)
		p.shift("VUSHR", "B16", 2, 2, 19)
		p.vec("VAND", "B16", 31, 0, 4)
		p.vec("VAND", "B16", 31, 1, 5)
		p.shift("VUSHR", "B16", 4, 0, 6)
		p.shift("VUSHR", "B16", 4, 1, 7)
		for g, high := range []int{16, 17, 2, 19} {
			p.vec("VAND", "B16", 29, high, high)
			p.vec("VORR", "B16", high, 4+g, 4+g)
			p.vec("VSUB", "B16", 28, 4+g, 4+g)
		}
		for g := range 4 {
			p.putScales(4+g, 20, 4*g, 16)
		}
		p.note("The high bits.")
		var high [2]quad
		for piece := range 2 {
			high[piece] = p.keep(16*piece, regs(8+4*piece))
		}
		for j := range 4 {
			p.bytes(1<<j, 23+j)
		}
		p.op("MOVD", "R10, R11")
		p.op("MOVD", "$2, R12")
		p.label("half")
		p.note("Of 128 weights, 32 are the lowest two bits of 32 bytes, the next 32 are the next two bits, and so on.\nSubtract 4 where the high bit is not set.")
		for piece := range 2 {
			p.rows(32+16*piece, regs(0))
			q, t := p.arrange(p.asm, regs(0), regs(4))
			for i := 0; i < 4; i += 2 {
				outs := []quad{t, regs(16)}
				for k, t := range outs {
					p.twos(q[i+k], t, 30)
					for j := range 4 {
						s := 20 + j%3
						p.vec("VCMTST", "B16", 23+j, high[piece][i+k], s)
						p.word("VBIC", s, 27, s)
						p.vec("VSUB", "B16", s, t[j], t[j])
					}
				}
				p.putPairs(outs, piece, i)
			}
		}
		for j := range 4 {
			p.shift("VSHL", "B16", 4, 23+j, 23+j)
		}
		p.advance(32)
		p.next(8, 16)
		p.loop("R12", "half")
	},
}
