package main

import "fmt"

// A format is what packing needs to know of a type.
type format struct {
	name  string
	bytes int // of a block
	// packed returns the bytes of a packed block of a run of rows.
	packed func(l layout) int
	doc    string // what the vectors that setup makes are for
	setup  func(p *packer)
	// body packs a block of four rows, at R4 to R7, to R10. It may use every
	// vector, R11 and R12, and R15 to R25, and must leave R4 to R7 advanced
	// by moved bytes.
	body  func(p *packer)
	moved int
}

// A packer generates one packing function.
type packer struct {
	*asm
	layout
}

// ahead is how far the rows are fetched into the cache before they are read, in
// bytes: about what a run of blocks covers, so that memory works while the tile
// computes.
const ahead = 640

func (f format) pack(a *asm, l layout) {
	p := &packer{a, l}
	name := fmt.Sprintf("pack%s%s", f.name, l.isa)
	p.begin("func " + name + "(panel, w *byte, stride, nb int)")
	p.top("// Registers")
	p.top("//\tR0  the panel where four rows begin    R10 the block to be packed")
	p.top("//\tR1  the next four rows                 R4-R7 its rows")
	p.top("//\tR2  stride                             R8  blocks left")
	p.top("//\tR3  blocks                             R9  fours of rows left")
	if l == sdot {
		p.top("//\tR13 from these four rows to the next in the panel: 16 within a run of")
		p.top("//\t    8 rows, then R14-16; R14 bytes of a run")
	}
	if f.doc != "" {
		p.top("//\t%s", f.doc)
	}
	p.top("TEXT ·%s(SB), NOSPLIT, $0-32", name)
	p.op("MOVD", "panel+0(FP), R0")
	p.op("MOVD", "w+8(FP), R1")
	p.op("MOVD", "stride+16(FP), R2")
	p.op("MOVD", "nb+24(FP), R3")
	p.op("MOVD", "$4, R9")
	if l == sdot {
		p.op("MOVD", "$16, R13")
		p.op("MOVD", "$%d, R14", f.packed(l))
		p.op("MUL", "R3, R14, R14")
	}
	f.setup(p)

	p.label("rows")
	p.op("MOVD", "R1, R4")
	p.op("ADD", "R2, R4, R5")
	p.op("ADD", "R2, R5, R6")
	p.op("ADD", "R2, R6, R7")
	p.op("ADD", "R2, R7, R1")
	p.op("MOVD", "R0, R10")
	p.op("MOVD", "R3, R8")

	p.label("block")
	for line := 0; line < f.bytes; line += 64 {
		for r := range 4 {
			p.op("PRFM", "%d(R%d), PLDL1STRM", ahead+line, 4+r)
		}
	}
	f.body(p)
	p.advance(f.bytes - f.moved)
	p.add(f.packed(l), "R10")
	p.loop("R8", "block")
	p.blank()
	switch l {
	case sdot:
		p.op("ADD", "R13, R0")
		p.op("SUB", "R13, R14, R13")
	case i8mm:
		p.add(32, "R0")
	case neon:
		p.op("MOVD", "R10, R0")
	}
	p.loop("R9", "rows")
	p.op("RET", "")
}

// rows loads 16 bytes each of the four rows.
func (p *packer) rows(off int, q quad) {
	for r, v := range q {
		p.load(at(off, fmt.Sprintf("R%d", 4+r)), v)
	}
}

// words loads 4 bytes each of the four rows.
func (p *packer) words(off int, q quad) {
	for r, v := range q {
		p.op("FMOVS", "%s, F%d", at(off, fmt.Sprintf("R%d", 4+r)), v)
	}
}

// keep loads and arranges 16 bytes each of the four rows into dst. It uses V0 to
// V3.
func (p *packer) keep(off int, dst quad) quad {
	if p.layout == i8mm {
		p.rows(off, regs(0))
		p.arrange(p.asm, regs(0), dst)
	} else {
		p.rows(off, dst)
		p.arrange(p.asm, dst, regs(0))
	}
	return dst
}

// advance moves the row pointers.
func (p *packer) advance(n int) {
	if n == 0 {
		return
	}
	for r := range 4 {
		p.add(n, fmt.Sprintf("R%d", 4+r))
	}
}

// put stores arranged vector i of a half of a sub-block, at off in the block at
// reg.
func (p *packer) put(v int, reg string, off, width, half, i int) {
	p.store(v, at(off+p.weights(width, half, i), reg))
}

// put32 stores both halves of vector i of a 32-wide sub-block.
func (p *packer) put32(lo, hi int, reg string, off, i int) {
	if p.layout == neon {
		p.store2(lo, hi, at(off+p.weights(32, 0, i), reg))
		return
	}
	p.put(lo, reg, off, 32, 0, i)
	p.put(hi, reg, off, 32, 1, i)
}

// halves widens the first (which 0) or second (which 1) halves of four words and
// stores them as lanes.
func (p *packer) halves(q quad, which, tmp, off int) {
	trn := []string{"VTRN1", "VTRN2"}[which]
	p.vec(trn, "H8", q[1], q[0], tmp)
	p.vec(trn, "H8", q[3], q[2], tmp+1)
	p.vec("VTRN1", "S4", tmp+1, tmp, tmp)
	p.word("VFCVTL", tmp, tmp)
	p.putLanes(p.asm, tmp, tmp+1, off)
}
