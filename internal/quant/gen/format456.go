package main

// This file has the k-quants whose weights are nibbles: Q4_K, Q5_K, Q6_K and
// IQ4_XS. In Q5_K and Q6_K, the high bits of the weights are elsewhere in
// the block. In IQ4_XS, a nibble is the index into a table of values.

// nibbles256 returns Q4_K. If fifth is true, it returns
// Q5_K, which also has fifth bits in 32 bytes at byte 16.
func nibbles256(name string, bytes int, fifth bool) format {
	doc := "V31 15\n//\tV30 63\n//\tV29 48"
	if fifth {
		doc += "\n//\tV28 16\n//\tV8-V15 bit j is the fifth bit of the weights of sub-block j\n//\tV26-V27 masks of bit j, for even and for odd j"
	}
	return format{
		name: name, bytes: bytes, moved: 128, doc: doc, one: &fused{width: 32, hasMin: true},
		packed: func(l layout) int { return l.block256(32, true) },
		setup: func(p *packer) {
			p.bytes(15, 31)
			p.bytes(63, 30)
			p.bytes(48, 29)
			if fifth {
				p.bytes(16, 28)
			}
		},
		body: func(p *packer) {
			p.note("The first 16 bytes have the scale of the scales, the scale of the minima, and the 6-bit scales and minima.")
			p.rows(0, regs(0))
			transpose(p.asm, regs(0), regs(4))
			p.scales6(0)
			tail := p.tail256(32)
			p.vec("VUZP1", "H8", 0, 0, 20)
			p.vec("VUZP2", "H8", 0, 0, 22)
			p.word("VFCVTL", 20, 20)
			p.word("VFCVTL", 22, 22)
			p.putLanes(20, 21, tail)
			p.putLanes(22, 23, tail+p.lanes)
			p.putScales(4, 20, 0, 32)
			p.putScales(5, 20, 4, 32)
			p.putMinima([]int{6, 7}, 20, tail+2*p.lanes)

			qs := 16
			var fifths [2]quad
			if fifth {
				p.note("The fifth bits.")
				qs = 48
				for half := range 2 {
					fifths[half] = p.keep(16+16*half, regs(8+4*half))
				}
				p.bytes(1, 26)
				p.bytes(2, 27)
			}
			p.op("MOVD", "R10, R11")
			p.op("MOVD", "$4, R12")
			p.label("chunk")
			p.note("The low nibbles of 32 bytes are one sub-block, and the high nibbles are the next sub-block.")
			for half := range 2 {
				p.rows(qs+16*half, regs(0))
				q, lo := p.arrange(p.asm, regs(0), regs(4))
				for i := range 4 {
					p.vec("VAND", "B16", 31, q[i], lo[i])
					p.shift("VUSHR", "B16", 4, q[i], q[i])
					if fifth {
						for sub, v := range []int{lo[i], q[i]} {
							p.vec("VCMTST", "B16", 26+sub, fifths[half][i], 20+sub)
							p.vec("VAND", "B16", 28, 20+sub, 20+sub)
							p.vec("VORR", "B16", 20+sub, v, v)
						}
					}
				}
				p.putHalf(lo, 0, half)
				p.putHalf(q, 1, half)
			}
			if fifth {
				p.shift("VSHL", "B16", 2, 26, 26)
				p.shift("VSHL", "B16", 2, 27, 27)
			}
			p.advance(32)
			p.next(2, 32)
			p.loop("R12", "chunk")
		},
	}
}

// scales6 unpacks the 6-bit scales and minima (see unpackScales6 in
// q4_k.go) from the words of registers first+1 to first+3. Scales 0 to 3
// go to V4, scales 4 to 7 go to V5, and the minima go to V6 and V7.
func (p *packer) scales6(first int) {
	sc, mn, rest := first+1, first+2, first+3
	p.vec("VAND", "B16", 30, sc, 4)
	p.vec("VAND", "B16", 30, mn, 6)
	p.shift("VUSHR", "B16", 2, sc, sc)
	p.shift("VUSHR", "B16", 2, mn, mn)
	p.vec("VAND", "B16", 29, sc, sc)
	p.vec("VAND", "B16", 29, mn, mn)
	p.vec("VAND", "B16", 31, rest, 5)
	p.shift("VUSHR", "B16", 4, rest, 7)
	p.vec("VORR", "B16", sc, 5, 5)
	p.vec("VORR", "B16", mn, 7, 7)
}

var formatQ6_K = format{
	name: "Q6_K", bytes: 210, moved: 128, one: &fused{width: 16},
	doc:    "V31 15\n//\tV30 48\n//\tV29 32\n//\tR19-R22 the rows' high bits",
	packed: func(l layout) int { return l.block256(16, false) },
	setup: func(p *packer) {
		p.bytes(15, 31)
		p.bytes(48, 30)
		p.bytes(32, 29)
	},
	body: func(p *packer) {
		p.rows(192, regs(0))
		p.words(206, regs(16))
		transpose(p.asm, regs(0), regs(4))
		for i := range 4 {
			p.putScales(i, 20, 4*i, 16)
		}
		p.halves(regs(16), 1, 20, p.tail256(16))
		for r := range 4 {
			p.op("ADD", "$128, R%d, R%d", 4+r, 19+r)
		}
		p.op("MOVD", "R10, R11")
		p.op("MOVD", "$2, R12")
		p.label("half")
		p.note("128 weights: 64 are the low nibbles of 64 bytes, and 64 are the high nibbles.")
		for piece := range 2 {
			p.rows(16*piece, regs(0))
			p.rows(32+16*piece, regs(8))
			for r := range 4 {
				p.load(at(16*piece, []string{"R19", "R20", "R21", "R22"}[r]), 16+r)
			}
			a, ta := p.arrange(p.asm, regs(0), regs(4))
			b, tb := p.arrange(p.asm, regs(8), regs(12))
			h, _ := p.arrange(p.asm, regs(16), regs(20))
			for i := 0; i < 4; i += 2 {
				outs := []quad{ta, tb}
				for k, t := range outs {
					p.shift("VSHL", "B16", 4, h[i+k], t[0])
					p.shift("VSHL", "B16", 2, h[i+k], t[1])
					p.shift("VUSHR", "B16", 2, h[i+k], t[3])
					for j, high := range []int{t[0], t[1], h[i+k], t[3]} {
						p.vec("VAND", "B16", 30, high, t[j])
					}
					p.vec("VAND", "B16", 31, a[i+k], 24)
					p.vec("VAND", "B16", 31, b[i+k], 25)
					p.shift("VUSHR", "B16", 4, a[i+k], 26)
					p.shift("VUSHR", "B16", 4, b[i+k], 27)
					for j := range 4 {
						p.vec("VORR", "B16", 24+j, t[j], t[j])
					}
					for j := range 4 {
						p.vec("VSUB", "B16", 29, t[j], t[j])
					}
				}
				p.putPairs(outs, piece, i)
			}
			p.addPiece(piece)
		}
		p.advance(64)
		for r := 19; r <= 22; r++ {
			p.op("ADD", "$32, R%d", r)
		}
		p.next(8, 16)
		p.loop("R12", "half")
	},
}

var formatIQ4_XS = format{
	name: "IQ4_XS", bytes: 136, moved: 128, one: &fused{width: 32, any: true},
	doc:    "V31 15\n//\tV30 the table\n//\tV29 63 in each lane\n//\tV28 32 in each lane",
	packed: func(l layout) int { return l.block256(32, false) },
	setup: func(p *packer) {
		p.tableSetup("iq4Values")
		p.bytes(63, 29)
		p.shift("VUSHR", "S4", 24, 29, 29)
		p.bytes(32, 28)
		p.shift("VUSHR", "S4", 24, 28, 28)
	},
	body: func(p *packer) {
		p.note("The first 8 bytes have the super-block's scale, then the high bits and the low nibbles of the sub-blocks' scales.")
		for r := range 4 {
			p.op("FMOVD", "(R%d), F%d", 4+r, r)
		}
		p.vec("VTRN1", "S4", 1, 0, 4)
		p.vec("VTRN1", "S4", 3, 2, 5)
		p.vec("VTRN2", "S4", 1, 0, 6)
		p.vec("VTRN2", "S4", 3, 2, 7)
		p.vec("VTRN1", "D2", 5, 4, 16)
		p.vec("VTRN1", "D2", 7, 6, 17)
		p.vec("VUZP1", "H8", 16, 16, 20)
		p.word("VFCVTL", 20, 20)
		p.putLanes(20, 21, p.tail256(32))
		for b := range 8 {
			if b == 0 {
				p.op("VMOV", "V17.B16, V20.B16")
			} else {
				p.shift("VUSHR", "S4", 4*b, 17, 20)
			}
			p.shift("VUSHR", "S4", 16+2*b, 16, 21)
			p.shift("VSLI", "S4", 4, 21, 20)
			p.vec("VAND", "B16", 29, 20, 20)
			p.vec("VSUB", "S4", 28, 20, 20)
			p.putScale(20, 21, b, 32)
		}
		p.op("MOVD", "R10, R11")
		p.op("MOVD", "$8, R12")
		p.label("sub")
		p.rows(8, regs(0))
		q, lo := p.arrange(p.asm, regs(0), regs(4))
		p.lookUp(q, lo)
		p.putHalf(lo, 0, 0)
		p.putHalf(q, 0, 1)
		p.advance(16)
		p.next(1, 32)
		p.loop("R12", "sub")
	},
}
