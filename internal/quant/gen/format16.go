package main

// This file has the formats with a scale for each 16 weights: Q4_2, Q4_3 and NVFP4. A packed
// block of 32 columns has two halves. A half has 16 weights of each row as signed bytes,
// then the scales as float32, and then the minima as float32, if the format has minima.

// half16 returns the size of a packed half: weights, scales and minima of four rows.
func (l layout) half16(hasMin bool) int { return 4*16 + l.lanes*(1+btoi(hasMin)) }

// pairs16 returns a format of 2023 with blocks of 16 weights. Here, two such blocks count
// as one block. Each of the two blocks has a scale, a minimum if hasMin is true, and 8
// bytes. Each byte has two adjacent weights. The packing subtracts offset from the codes.
func pairs16(name string, bytes, offset int, hasMin bool) format {
	doc := "V31 15"
	if offset != 0 {
		doc += "\n//\tV30 the codes' offset"
	}
	return format{
		name: name, bytes: bytes, doc: doc, halves: true,
		packed: func(l layout) int { return 2 * l.half16(hasMin) },
		setup: func(p *packer) {
			p.bytes(15, 31)
			if offset != 0 {
				p.bytes(offset, 30)
			}
		},
		body: func(p *packer) {
			block := bytes / 2
			for r := range 4 {
				p.op("FMOVD", "%s, F%d", at(block-8, rowPointer(r)), r)
				p.op("FMOVD", "%s, F%d", at(2*block-8, rowPointer(r)), 8+r)
			}
			for r := range 4 {
				p.vec("VTRN1", "D2", 8+r, r, r)
			}
			lo, hi, _, _ := p.neighbours(regs(0), regs(8), regs(12))
			for h, q := range []quad{lo, hi} {
				for _, v := range q {
					if offset != 0 {
						p.vec("VSUB", "B16", 30, v, v)
					}
				}
				p.put(q, "R10", h*p.half16(hasMin))
			}
			p.note("Scales%s.", map[bool]string{true: " and minima"}[hasMin])
			for h := range 2 {
				p.words(h*block, regs(0))
				p.halves(regs(0), 0, 4, h*p.half16(hasMin)+4*16)
				if hasMin {
					p.halves(regs(0), 1, 6, h*p.half16(hasMin)+4*16+p.lanes)
				}
			}
		},
	}
}

// formatNVFP4 has blocks of 64 weights. Each becomes two packed blocks.
var formatNVFP4 = format{
	name: "NVFP4", bytes: 36, halves: true,
	doc:    "V31 15\n//\tV30 the table\n//\tV29 127\n//\tV28 2^119 in each lane",
	packed: func(l layout) int { return 4 * l.half16(false) },
	setup: func(p *packer) {
		p.tableSetup("mxfp4Values")
		p.bytes(127, 29)
		p.op("MOVW", "$0x7b000000, R11")
		p.op("VDUP", "R11, V28.S4")
	},
	body: func(p *packer) {
		half := p.half16(false)
		for part := range 2 {
			p.rows(4+16*part, regs(0))
			for i := range 4 {
				p.vec("VAND", "B16", 31, i, 4+i)
				p.shift("VUSHR", "B16", 4, i, i)
			}
			p.note("A run of 16 weights is in 8 bytes: first come the low nibbles, then the high nibbles.")
			for i := range 4 {
				p.vec("VTRN1", "D2", i, 4+i, 8+i)
				p.vec("VTRN2", "D2", i, 4+i, 12+i)
			}
			for v := 8; v < 16; v++ {
				p.op("VTBL", "V%d.B16, [V30.B16], V%d.B16", v, v)
			}
			for run := range 2 {
				q, _ := p.arrange(p.asm, regs(8+4*run), regs(4*run))
				p.put(q, "R10", (2*part+run)*half)
			}
		}
		p.note("A scale has 7 bits: exponent and mantissa. These bits in a float32, which may be\nsubnormal, are 2^-119 times the scale. The byte 127 counts as 0.")
		p.words(0, regs(0))
		p.lane0(regs(0), 4)
		p.vec("VCMEQ", "B16", 29, 4, 5)
		p.vec("VAND", "B16", 29, 4, 4)
		p.word("VBIC", 5, 4, 4)
		for run := range 4 {
			from := 4
			if run < 3 {
				p.shift("VSHL", "S4", 24-8*run, 4, 6)
				from = 6
			}
			p.shift("VUSHR", "S4", 24, from, 6)
			p.shift("VSHL", "S4", 20, 6, 6)
			p.word("VFMUL", 28, 6, 6)
			p.putLanes(6, 7, run*half+4*16)
		}
	},
}
