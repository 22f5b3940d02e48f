package main

// This file has the ternary formats. They are packed like a k-quant whose scales are all 1.

// formatTQ1_0 has five digits in base 3 in a byte.
var formatTQ1_0 = format{
	name: "TQ1_0", bytes: 54, one: &fused{width: 16},
	doc:    "V31 1",
	packed: func(l layout) int { return l.block256(16, false) },
	setup:  func(p *packer) { p.bytes(1, 31) },
	body: func(p *packer) {
		p.words(50, regs(0))
		p.halves(regs(0), 1, 20, p.tail256(16))
		p.onesTQ()
		for _, piece := range []struct{ at, first, step int }{{0, 0, 2}, {16, 1, 2}, {32, 10, 1}} {
			p.rows(piece.at, regs(0))
			q, digits := p.arrange(p.asm, regs(0), regs(4))
			for n := range 5 {
				p.note("Digit %d.", n)
				if n > 0 {
					p.times3(q[:])
				}
				for i := range 4 {
					p.digit(q[i], digits[i])
				}
				p.put16(digits, piece.first+n*piece.step)
			}
		}
		p.note("The last four bytes have the last 16 weights: digit n of the bytes is weights 4n to 4n+3.")
		p.words(48, regs(0))
		p.lane0(regs(0), 8)
		for n := range 4 {
			if n > 0 {
				p.times3([]int{8})
			}
			p.digit(8, n)
		}
		q := regs(0)
		if p.layout != sdot {
			transpose(p.asm, regs(0), regs(4))
			q, _ = p.arrange(p.asm, regs(0), regs(4))
		}
		p.put16(q, 15)
		p.endTQ()
	},
}

// The weights of formatTQ2_0 are pairs of bits, as in Q2_K.
var formatTQ2_0 = format{
	name: "TQ2_0", bytes: 66, one: &fused{width: 16},
	doc:    "V31 1\n//\tV30 3",
	packed: func(l layout) int { return l.block256(16, false) },
	setup: func(p *packer) {
		p.bytes(1, 31)
		p.bytes(3, 30)
	},
	body: func(p *packer) {
		p.words(62, regs(0))
		p.halves(regs(0), 1, 20, p.tail256(16))
		p.onesTQ()
		for piece := range 4 {
			p.rows(16*piece, regs(0))
			q, bits := p.arrange(p.asm, regs(0), regs(4))
			for pair := range 4 {
				p.note("Bits %d and %d.", 2*pair, 2*pair+1)
				for i, v := range q {
					if pair > 0 {
						p.shift("VUSHR", "B16", 2*pair, v, bits[i])
						v = bits[i]
					}
					p.vec("VAND", "B16", 30, v, bits[i])
					p.vec("VSUB", "B16", 31, bits[i], bits[i])
				}
				p.put16(bits, piece/2*8+2*pair+piece%2)
			}
		}
		p.endTQ()
	},
}

// digit sets each byte of dst to the first digit of a byte x of src, minus 1. The digit is
// floor(3x/256) = floor((x+floor(x/2))/128).
func (p *packer) digit(src, dst int) {
	p.shift("VUSHR", "B16", 1, src, dst)
	p.word("VUHADD", dst, src, dst)
	p.shift("VUSHR", "B16", 6, dst, dst)
	p.vec("VSUB", "B16", 31, dst, dst)
}

// times3 removes the first digits of the bytes in q: it
// multiplies the bytes by 3, modulo 256. It uses V9.
func (p *packer) times3(q []int) {
	for _, v := range q {
		p.vec("VADD", "B16", v, v, 9)
		p.vec("VADD", "B16", 9, v, v)
	}
}

// onesTQ stores the scales of a packed block, which are 1. If the function
// multiplies instead of packing, onesTQ clears the sums: V16, or with NEON V16 to
// V19. On NEON, the sums are int16: a lane adds at most 32 products of at most 127.
func (p *packer) onesTQ() {
	if p.fused != nil {
		for v := 16; v < 20; v++ {
			p.bytes(0, v)
		}
		return
	}
	p.bytes(1, 20)
	p.shift("VUSHR", "S4", 24, 20, 20)
	for sub := range 16 {
		p.putScale(20, 21, sub, 16)
	}
}

// put16 stores or multiplies the 16 weights of sub-block number sub, of each row.
func (p *packer) put16(q quad, sub int) {
	if p.fused == nil {
		p.put(q, "R10", sub*p.subBytes(16))
		return
	}
	const acts = 20
	p.load(at(16*sub, "R13"), acts)
	if p.layout == sdot {
		for i := range 4 {
			p.word("VSDOT4B", acts, i, q[i], 16)
		}
		return
	}
	for i := range 4 {
		p.word("VSMLAL", acts, q[i], 16+i)
	}
	for i := range 4 {
		p.word("VSMLAL2", acts, q[i], 16+i)
	}
}

// endTQ stores the sums where quadTail expects them, and advances the pointer to the activations.
func (p *packer) endTQ() {
	if p.fused == nil {
		return
	}
	if p.layout == neon {
		p.vec("VADDP", "H8", 17, 16, 16)
		p.vec("VADDP", "H8", 19, 18, 17)
		p.word("VSADDLP", 16, 16)
		p.word("VSADDLP", 17, 17)
	}
	p.store2(16, 17, "(R10)")
	p.add(256, "R13")
}
