package main

import "encoding/binary"

// This file has the formats with blocks of 32. A packed block has the weights as signed bytes,
// then the scales as float32, and then the minima as float32, if the format has minima.

// nibbles32 returns a format whose blocks have 16 bytes with two weights
// each, at byte qs. The packing subtracts offset from the codes.
func nibbles32(name string, bytes, qs, offset int, hasMin bool) format {
	doc := "V31 15"
	if offset != 0 {
		doc += "\n//\tV30 the codes' offset"
	}
	return format{
		name: name, bytes: bytes, doc: doc, one: &fused{hasMin: hasMin},
		packed: func(l layout) int { return l.block32(hasMin) },
		setup: func(p *packer) {
			p.bytes(15, 31)
			if offset != 0 {
				p.bytes(offset, 30)
			}
		},
		body: func(p *packer) {
			p.rows(qs, regs(0))
			q, lo := p.arrange(p.asm, regs(0), regs(4))
			p.note("Weights 0 to 15 are the low nibbles, and weights 16 to 31 are the high nibbles.")
			for i := range 4 {
				p.vec("VAND", "B16", 31, q[i], lo[i])
				p.shift("VUSHR", "B16", 4, q[i], q[i])
			}
			for i := range 4 {
				if offset != 0 {
					p.vec("VSUB", "B16", 30, lo[i], lo[i])
					p.vec("VSUB", "B16", 30, q[i], q[i])
				}
			}
			p.put32(lo, q)
			p.scales32(hasMin)
		},
	}
}

// put32 stores or multiplies the weights of a block: lo has the first 16 weights, hi the second 16.
func (p *packer) put32(lo, hi quad) {
	if p.fused != nil && p.fused.lanes != nil {
		p.multiplyLanes(lo, hi)
		return
	}
	if p.fused != nil {
		p.multiply32(lo, hi)
		return
	}
	p.put(lo, "R10", 0)
	p.put(hi, "R10", 64)
}

// scales32 packs the scales, and the minima if the format has them, from the beginning of a block.
func (p *packer) scales32(hasMin bool) {
	p.note("Scales%s.", map[bool]string{true: " and minima"}[hasMin])
	p.words(0, regs(0))
	p.halves(regs(0), 0, 4, 4*32)
	if hasMin {
		p.halves(regs(0), 1, 6, 4*32+p.lanes)
	}
}

var formatQ8_0 = format{
	name: "Q8_0", bytes: 34, one: &fused{any: true},
	packed: func(l layout) int { return l.block32(false) },
	setup:  func(p *packer) {},
	body: func(p *packer) {
		p.rows(2, regs(0))
		p.rows(18, regs(8))
		lo, _ := p.arrange(p.asm, regs(0), regs(4))
		hi, _ := p.arrange(p.asm, regs(8), regs(12))
		p.put32(lo, hi)
		p.scales32(false)
	},
}

// formatIQ4_NL looks codes up in a table.
var formatIQ4_NL = format{
	name: "IQ4_NL", bytes: 18, one: &fused{any: true}, doc: "V31 15\n//\tV30 the table",
	packed: func(l layout) int { return l.block32(false) },
	setup:  func(p *packer) { p.tableSetup("iq4Values") },
	body: func(p *packer) {
		p.rows(2, regs(0))
		q, lo := p.arrange(p.asm, regs(0), regs(4))
		p.lookUp(q, lo)
		p.put32(lo, q)
		p.scales32(false)
	},
}

// formatMXFP4 has powers of two as scales.
var formatMXFP4 = format{
	name: "MXFP4", bytes: 17, one: &fused{}, doc: "V31 15\n//\tV30 the table\n//\tV25-V27 2^23, 2^21 and 2^22 in each lane",
	packed: func(l layout) int { return l.block32(false) },
	setup: func(p *packer) {
		p.tableSetup("mxfp4Values")
		for i, bit := range []int{23, 21, 22} {
			p.op("MOVW", "$%#x, R11", 1<<bit)
			p.op("VDUP", "R11, V%d.S4", 25+i)
		}
	},
	body: func(p *packer) {
		p.rows(1, regs(0))
		q, lo := p.arrange(p.asm, regs(0), regs(4))
		p.lookUp(q, lo)
		p.put32(lo, q)
		p.note("The bits of 2^(e-128) are (e-1)<<23 if e is 2 or more. If e is smaller, the number is\nsubnormal and its bits are (e+1)<<21. Compute both values, limit the second to 1<<22,\nand take the larger one.")
		p.words(0, regs(0))
		p.lane0(regs(0), 4)
		p.shift("VSHL", "S4", 24, 4, 4)
		p.shift("VUSHR", "S4", 1, 4, 5)
		p.shift("VUSHR", "S4", 3, 4, 4)
		p.vec("VSUB", "S4", 25, 5, 5)
		p.vec("VADD", "S4", 26, 4, 4)
		p.word("VSMIN4S", 27, 4, 4)
		p.word("VSMAX4S", 5, 4, 4)
		p.putLanes(4, 5, 4*32)
	},
}

// tableSetup loads a table of 16 weights into V30.
func (p *packer) tableSetup(name string) {
	p.bytes(15, 31)
	p.op("MOVD", "$%s<>(SB), R11", name)
	p.load("(R11)", 30)
}

// lookUp looks the nibbles of q up in the table. The weights of
// low nibbles go to lo, and the weights of high nibbles go to q.
func (p *packer) lookUp(q, lo quad) {
	for i := range 4 {
		p.vec("VAND", "B16", 31, q[i], lo[i])
		p.shift("VUSHR", "B16", 4, q[i], q[i])
		p.op("VTBL", "V%d.B16, [V30.B16], V%d.B16", lo[i], lo[i])
		p.op("VTBL", "V%d.B16, [V30.B16], V%d.B16", q[i], q[i])
	}
}

// bits32 returns a format whose weights have four bits in a nibble and a fifth bit
// elsewhere. The 32 fifth bits of a block are at byte qh. For each weight, VTBL
// copies the byte with its fifth bit, and VCMTST tests the bit. For Q5_0, the
// packing subtracts 16 from the codes. For Q5_1, which has minima, it does not.
func bits32(name string, bytes, qh int, hasMin bool) format {
	return format{
		name: name, bytes: bytes, one: &fused{hasMin: hasMin},
		doc:    "V31 15\n//\tV30 16\n//\tV24-V25 masks of each weight's bit\n//\tV8-V15 indices of its byte",
		packed: func(l layout) int { return l.block32(hasMin) },
		setup:  bitsSetup,
		body: func(p *packer) {
			p.rows(qh+4, regs(0))
			p.words(qh, regs(16))
			q, lo := p.arrange(p.asm, regs(0), regs(4))
			p.lane0(regs(16), rowBits)
			p.note("Add 16 to the nibbles where the fifth bit is set%s.", map[bool]string{false: ", and subtract 16 from all"}[hasMin])
			temps := []int{16, 17, 18, 19, 20, 21, 22, 26}
			p.fifthBits(lo, q, temps, hasMin, func() {
				for i := range 4 {
					p.vec("VAND", "B16", 31, q[i], lo[i])
					p.shift("VUSHR", "B16", 4, q[i], q[i])
				}
			})
			p.put32(lo, q)
			p.scales32(hasMin)
		},
	}
}

// rowBits is the register with the fifth bits. Each lane has the 32 fifth bits of a row's block.
const rowBits = 27

// fifthBits adds the fifth bits to the first and the second 16 weights.
// temps are eight free registers. between adds other instructions,
// which the CPU can run while it waits for the first results.
func (p *packer) fifthBits(lo, hi quad, temps []int, hasMin bool, between func()) {
	each := func(f func(v, t, index, mask int)) {
		for i := range 4 {
			for half, v := range []int{lo[i], hi[i]} {
				index, mask := p.bit(half, i)
				f(v, temps[2*i+half], index, mask)
			}
		}
	}
	each(func(v, t, index, mask int) {
		p.op("VTBL", "V%d.B16, [V%d.B16], V%d.B16", index, rowBits, t)
	})
	between()
	each(func(v, t, index, mask int) { p.vec("VCMTST", "B16", mask, t, t) })
	if hasMin {
		each(func(v, t, index, mask int) { p.vec("VAND", "B16", 30, t, t) })
		each(func(v, t, index, mask int) { p.vec("VORR", "B16", t, v, v) })
	} else {
		each(func(v, t, index, mask int) { p.word("VBIC", t, 30, t) })
		each(func(v, t, index, mask int) { p.vec("VSUB", "B16", t, v, v) })
	}
}

func bitsSetup(p *packer) {
	p.bytes(15, 31)
	p.bytes(16, 30)
	p.op("MOVD", "$bits%s<>(SB), R11", p.isa)
	p.load("(R11)", 8)
	p.load2("16(R11)", 24, 25)
	// steps are the differences between the indices
	// of each vector and those of the next vector.
	steps := map[layout][]int{sdot: {1, 1, 1}, i8mm: {1, 1, 1, 5, 1, 1, 1}, neon: {2, 2, 2, 2, 2, 2, 2}}
	step := 0
	for i, s := range steps[p.layout] {
		if s != step {
			p.bytes(s, 16)
			step = s
		}
		p.vec("VADD", "B16", 16, 8+i, 9+i)
	}
}

// bit returns the registers with the byte indices and the bit masks
// for vector i of a half of the weights, in the layout's order.
func (p *packer) bit(half, i int) (index, mask int) {
	switch p.layout {
	case sdot: // weights 4k to 4k+3, k = 4*half+i, of four rows
		k := 4*half + i
		return 8 + k/2, 24 + k%2
	case i8mm: // weights 8k to 8k+7, k = 2*half+i%2, of rows i/2*2 and i/2*2+1
		return 8 + i/2*4 + 2*half + i%2, 24
	}
	return 8 + 2*i + half, 24 // 16 weights of row i
}

// tables32 generates the constants of these formats: tables of weights by their codes, and
// three vectors for bits32. The first vector has an index for each weight in the first vector
// of a block: that of the byte with its fifth bit. The second and third vectors are bit masks.
func tables32(a *asm, l layout) {
	table := func(name string, b []byte) {
		a.blank()
		for i := 0; i < len(b); i += 8 {
			a.top("DATA %s<>+%d(SB)/8, $%#016x", name, i, binary.LittleEndian.Uint64(b[i:]))
		}
		a.top("GLOBL %s<>(SB), RODATA|NOPTR, $%d", name, len(b))
	}
	weights := func(name string, values [16]int8) {
		var b []byte
		for _, v := range values {
			b = append(b, byte(v))
		}
		table(name, b)
	}
	weights("iq4Values", [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113})
	weights("mxfp4Values", [16]int8{0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12})

	index := map[layout]func(lane int) int{
		sdot: func(lane int) int { return lane / 4 * 4 },
		i8mm: func(lane int) int { return lane / 8 * 4 },
		neon: func(lane int) int { return lane / 8 },
	}[l]
	b := make([]byte, 48)
	for lane := range 16 {
		b[lane] = byte(index(lane))
		if l == sdot { // weights 4k to 4k+3, for even and for odd k
			b[16+lane], b[32+lane] = 1<<(lane%4), 16<<(lane%4)
		} else {
			b[16+lane], b[32+lane] = 1<<(lane%8), 1<<(lane%8)
		}
	}
	table("bits"+l.isa, b)
}
