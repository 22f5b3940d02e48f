package main

// The formats of 2023 (quant/legacy.go) are packed like today's formats. Only their blocks
// differ: scales may be float32, and the two nibbles of a byte may be adjacent weights.

// nibblesOld returns a format whose blocks begin with a float32 scale (and a float32 minimum).
// At byte qs are 16 bytes with two weights each. The packing subtracts offset from the codes.
func nibblesOld(name string, bytes, qs, offset int, hasMin, adjacent bool) format {
	f := nibbles32(name, bytes, qs, offset, hasMin)
	f.body = func(p *packer) {
		var lo, hi quad
		p.rows(qs, regs(0))
		if adjacent {
			lo, hi, _, _ = p.neighbours(regs(0), regs(8), regs(12))
		} else {
			hi, lo = p.arrange(p.asm, regs(0), regs(4))
			for i := range 4 {
				p.vec("VAND", "B16", 31, hi[i], lo[i])
				p.shift("VUSHR", "B16", 4, hi[i], hi[i])
			}
		}
		for i := range 4 {
			if offset != 0 {
				p.vec("VSUB", "B16", 30, lo[i], lo[i])
				p.vec("VSUB", "B16", 30, hi[i], hi[i])
			}
		}
		p.put32(lo, hi)
		p.floats32(0, 4*32)
		if hasMin {
			p.floats32(4, 4*32+p.lanes)
		}
	}
	return f
}

// neighbours unpacks the bytes of four rows in q. The two nibbles of a byte are adjacent
// weights. neighbours returns the first and the second 16 weights in the layout's order,
// and the registers that are then free. It uses q, the next four registers, and those of a and b.
func (p *packer) neighbours(q, a, b quad) (lo, hi, free1, free2 quad) {
	low := regs(q[0] + 4)
	for i := range 4 {
		p.vec("VAND", "B16", 31, q[i], low[i])
		p.shift("VUSHR", "B16", 4, q[i], q[i])
		p.vec("VZIP1", "B16", q[i], low[i], a[i])
		p.vec("VZIP2", "B16", q[i], low[i], b[i])
	}
	lo, free1 = p.arrange(p.asm, a, q)
	hi, free2 = p.arrange(p.asm, b, low)
	return lo, hi, free1, free2
}

// floats32 packs the float32 at the offset from in the block of each row. It uses V16 to V20.
func (p *packer) floats32(from, off int) {
	p.words(from, regs(16))
	p.lane0(regs(16), 20)
	p.putLanes(20, 21, off)
}

// lane0 gathers the first 32-bit lanes of the four
// registers of q in dst. It overwrites q[0] and q[2].
func (p *packer) lane0(q quad, dst int) {
	p.vec("VTRN1", "S4", q[1], q[0], q[0])
	p.vec("VTRN1", "S4", q[3], q[2], q[2])
	p.vec("VTRN1", "D2", q[2], q[0], dst)
}

// bitsOld does what bits32 does, for formats in which
// the two nibbles of a byte are adjacent weights.
func bitsOld(name string, bytes, qh int, hasMin bool) format {
	f := bits32(name, bytes, qh, hasMin)
	f.body = func(p *packer) {
		p.rows(qh+4, regs(0))
		lo, hi, words, temps := p.neighbours(regs(0), regs(16), regs(20))
		p.words(qh, words)
		p.lane0(words, 27)
		p.words(0, words)
		p.halves(words, 0, temps[0], 4*32)
		if hasMin {
			p.halves(words, 1, temps[2], 4*32+p.lanes)
		}
		p.fifthBits(lo, hi, append(words[:], temps[:]...), hasMin, func() {})
		p.put32(lo, hi)
	}
	return f
}

var formatQ8_0v1 = format{
	name: "Q8_0v1", bytes: 36,
	packed: func(l layout) int { return l.block32(false) },
	setup:  func(p *packer) {},
	body: func(p *packer) {
		p.rows(4, regs(0))
		p.rows(20, regs(8))
		lo, _ := p.arrange(p.asm, regs(0), regs(4))
		hi, _ := p.arrange(p.asm, regs(8), regs(12))
		p.put32(lo, hi)
		p.floats32(0, 4*32)
	},
}

// oldFormats are the formats of 2023.
var oldFormats = []format{
	nibblesOld("Q4_0v1", 20, 4, 8, false, true),
	nibblesOld("Q4_0v2", 20, 4, 8, false, false),
	nibblesOld("Q4_1v1", 24, 8, 0, true, true),
	nibblesOld("Q4_1v2", 24, 8, 0, true, false),
	bitsOld("Q5_0v1", 22, 2, false),
	inLanes(bitsOld("Q5_1v1", 24, 4, true)),
	formatQ8_0v1,
	pairs16("Q4_2", 20, 8, false),
	pairs16("Q4_3", 24, 0, true),
}
