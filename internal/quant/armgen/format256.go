package main

// The k-quants. A packed super-block is its sub-blocks, each the weights as signed
// bytes and the scales as int32, then the super-block's scales and, where there
// are, the minima's scales as float32 and the minima.
//
// A vector of four rows' words, which transpose makes, has the same four bytes
// of each row in its lanes, whatever the layout.

// lanesOf makes int32 lanes of byte j, signed, of the words in src.
func (p *packer) lanesOf(src, j, dst int) {
	if j < 3 {
		p.shift("VSHL", "S4", 24-8*j, src, dst)
		src = dst
	}
	p.word("VSSHR4S", 24, src, dst)
}

// putScale stores the scales of a sub-block, int32 lanes in v. NEON multiplies
// sums of 16 as pairs of int16: it has each scale twice.
func (p *packer) putScale(v, tmp, sub, width int) {
	if p.layout == neon && width == 16 {
		p.shift("VSLI", "S4", 16, v, v)
	}
	p.putLanes(p.asm, v, tmp, sub*p.subBytes(width)+4*width)
}

// putScales stores the scales of four sub-blocks from sub on, the bytes of words.
func (p *packer) putScales(words, tmp, sub, width int) {
	for j := range 4 {
		p.lanesOf(words, j, tmp)
		p.putScale(tmp, tmp+1, sub+j, width)
	}
}

// putMinima stores the minima, the bytes of words, four a register: as bytes for
// dot products with the sums' bytes, as int16 for NEON.
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

// nibbles256 is Q4_K, and with the fifth bits of 32 bytes at offset 16, Q5_K.
func nibbles256(name string, bytes int, fifth bool) format {
	doc := "V31 15, V30 63, V29 48"
	if fifth {
		doc += ", V28 16, V8-V15 bit j is the fifth of weights of sub-block j,\n//\tV26-V27 masks of that bit for even and odd j"
	}
	return format{
		name: name, bytes: bytes, moved: 128, doc: doc,
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
			p.note("The first 16 bytes: scale, minima's scale, 6-bit scales and minima.")
			p.rows(0, regs(0))
			transpose(p.asm, regs(0), regs(4))
			p.scales6(0)
			tail := p.tail256(32)
			p.vec("VUZP1", "H8", 0, 0, 20)
			p.vec("VUZP2", "H8", 0, 0, 22)
			p.word("VFCVTL", 20, 20)
			p.word("VFCVTL", 22, 22)
			p.putLanes(p.asm, 20, 21, tail)
			p.putLanes(p.asm, 22, 23, tail+p.lanes)
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
			p.note("32 bytes of nibbles: the low ones are a sub-block, the high ones the next.")
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
				p.put(lo, "R11", 64*half)
				p.put(q, "R11", p.subBytes(32)+64*half)
			}
			if fifth {
				p.shift("VSHL", "B16", 2, 26, 26)
				p.shift("VSHL", "B16", 2, 27, 27)
			}
			p.advance(32)
			p.add(2*p.subBytes(32), "R11")
			p.loop("R12", "chunk")
		},
	}
}

// scales6 unpacks the 6-bit scales and minima (see unpackScales6 in q4_k.go) in
// the words of registers first+1 to first+3: scales 0 to 3 in V4, 4 to 7 in V5,
// minima likewise in V6 and V7.
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
	name: "Q6_K", bytes: 210, moved: 128,
	doc:    "V31 15, V30 48, V29 32; R19-R22 the rows' high bits",
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
		p.note("128 weights: for each of 32 the low nibbles of 64 bytes, then the high ones.")
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
		}
		p.advance(64)
		for r := 19; r <= 22; r++ {
			p.op("ADD", "$32, R%d", r)
		}
		p.add(8*p.subBytes(16), "R11")
		p.loop("R12", "half")
	},
}

var formatQ2_K = format{
	name: "Q2_K", bytes: 84, moved: 64,
	doc:    "V31 15, V30 3",
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
		p.note("128 weights: 32 of the lowest two bits of 32 bytes, 32 of the next, ...")
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
		}
		p.advance(32)
		p.add(8*p.subBytes(16), "R11")
		p.loop("R12", "half")
	},
}

// putPairs stores vectors i and i+1 of 16 weights of the four sub-blocks that a
// piece of a half's bytes has weights of.
func (p *packer) putPairs(v []quad, piece, i int) {
	for j := range 4 {
		p.store2(v[0][j], v[1][j], at((2*j+piece)*p.subBytes(16)+16*i, "R11"))
	}
}

// twos makes bytes of the four pairs of bits in those of src; three holds 3.
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
	doc: "V31 15, V30 3, V29 48, V28 32, V27 4, V8-V15 bit j is the high one of weights\n" +
		"//\tof sub-blocks 2j and 2j+1, V23-V26 masks of that bit",
	packed: func(l layout) int { return l.block256(16, false) },
	setup: func(p *packer) {
		p.bytes(15, 31)
		p.bytes(3, 30)
		p.bytes(48, 29)
		p.bytes(32, 28)
		p.bytes(4, 27)
	},
	body: func(p *packer) {
		p.note("The last 16 bytes, turned by 2: 12 of 6-bit scales, then the scale.")
		p.rows(94, regs(0))
		for i := range 4 {
			p.op("VEXT", "$2, V%d.B16, V%d.B16, V%d.B16", i, i, i)
		}
		transpose(p.asm, regs(0), regs(4))
		p.vec("VUZP1", "H8", 3, 3, 20)
		p.word("VFCVTL", 20, 20)
		p.putLanes(p.asm, 20, 21, p.tail256(16))
		// The high bits of scales 4g to 4g+3 are bits 2g and 2g+1 of word 2.
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
		p.note("128 weights: 32 of the lowest two bits of 32 bytes, 32 of the next, ...;\nless 4 where the high bit is not set.")
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
		p.add(8*p.subBytes(16), "R11")
		p.loop("R12", "half")
	},
}

var formatIQ4_XS = format{
	name: "IQ4_XS", bytes: 136, moved: 128,
	doc:    "V31 15, V30 the table; lanes of V29 63 and V28 32",
	packed: func(l layout) int { return l.block256(32, false) },
	setup: func(p *packer) {
		tableSetup(p)
		p.bytes(63, 29)
		p.shift("VUSHR", "S4", 24, 29, 29)
		p.bytes(32, 28)
		p.shift("VUSHR", "S4", 24, 28, 28)
	},
	body: func(p *packer) {
		p.note("The first 8 bytes: scale, high bits of the scales, their low nibbles.")
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
		p.putLanes(p.asm, 20, 21, p.tail256(32))
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
		p.put(lo, "R11", 0)
		p.put(q, "R11", 64)
		p.advance(16)
		p.add(p.subBytes(32), "R11")
		p.loop("R12", "sub")
	},
}
