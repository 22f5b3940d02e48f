package main

import "fmt"

// A format describes how the blocks of a type are packed.
type format struct {
	name  string
	bytes int // bytes in a block
	// packed returns the size of a packed block of four rows.
	packed func(l layout) int
	doc    string // comment about the registers that setup sets
	setup  func(p *packer)
	// body packs a block of each of the four rows at R4 to R7, and stores it at R10. It may use
	// all vector registers, R11, R12 and R19 to R22. It must advance R4 to R7 by moved bytes.
	body   func(p *packer)
	moved  int
	halves bool   // the format has a scale for each 16 weights, see format16.go
	lanes  bool   // products have partial sums, see lanes.go
	one    *fused // how to multiply with one token, see quad.go; nil if there is no such function
}

// A packer generates one packing function, or one
// function that unpacks in the same way and multiplies.
type packer struct {
	*asm
	layout
	fused *fused // if not nil, the function multiplies instead of storing, see quad.go
}

// ahead is the distance in bytes from what the functions read to what they
// prefetch. It is about the bytes of a row that one call packs, so that
// memory delivers the next call's bytes while the tile function multiplies.
const ahead = 640

func (f format) pack(a *asm, l layout) {
	p := &packer{asm: a, layout: l}
	name := fmt.Sprintf("pack%s%s", f.name, l.isa)
	p.begin("func " + name + "(panel, w *byte, stride, nb int)")
	p.top("// Registers")
	p.top("//\tR1 the next four rows\n//\tR4-R7 the current block of each row\n//\tR10 the packed block")
	p.top("//\tR2 stride\n//\tR3 blocks\n//\tR8 blocks left\n//\tR9 groups of four rows left")
	if f.doc != "" {
		p.top("//\t%s", f.doc)
	}
	p.top("TEXT ·%s(SB), NOSPLIT, $0-32", name)
	p.op("MOVD", "panel+0(FP), R10")
	p.op("MOVD", "w+8(FP), R1")
	p.op("MOVD", "stride+16(FP), R2")
	p.op("MOVD", "nb+24(FP), R3")
	p.op("MOVD", "$4, R9")
	f.setup(p)

	p.label("rows")
	p.pointFour()
	p.label("block")
	p.prefetch(f.bytes)
	f.body(p)
	p.blank()
	p.advance(f.bytes - f.moved)
	p.add(f.packed(l), "R10")
	p.loop("R8", "block")
	p.blank()
	p.loop("R9", "rows")
	p.op("RET", "")
}

// pointFour sets R4 to R7 to the next four rows.
func (p *packer) pointFour() {
	p.op("MOVD", "R1, R4")
	p.op("ADD", "R2, R4, R5")
	p.op("ADD", "R2, R5, R6")
	p.op("ADD", "R2, R6, R7")
	p.op("ADD", "R2, R7, R1")
	p.op("MOVD", "R3, R8")
}

// prefetch prefetches a later block of the given size.
func (p *packer) prefetch(bytes int) {
	for line := 0; line < bytes; line += 64 {
		for r := range 4 {
			p.op("PRFM", "%d(R%d), PLDL1STRM", ahead+line, 4+r)
		}
	}
}

// rowPointer returns the register that points to the block of row r of four.
func rowPointer(r int) string { return fmt.Sprintf("R%d", 4+r) }

// rows loads 16 bytes of each of the four rows.
func (p *packer) rows(off int, q quad) {
	for r, v := range q {
		p.load(at(off, rowPointer(r)), v)
	}
}

// words loads 4 bytes of each of the four rows.
func (p *packer) words(off int, q quad) {
	for r, v := range q {
		p.op("FMOVS", "%s, F%d", at(off, rowPointer(r)), v)
	}
}

// keep loads 16 bytes of each of the four rows into dst, in the layout's order. It uses V0 to V3.
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

// advance adds n to the row pointers.
func (p *packer) advance(n int) {
	if n == 0 {
		return
	}
	for r := range 4 {
		p.add(n, rowPointer(r))
	}
}

// putHalf stores or multiplies 16 weights of each row: half number half of a
// sub-block of 32. sub is the number of the sub-block; sub-block 0 is at R11.
func (p *packer) putHalf(q quad, sub, half int) {
	if p.fused != nil {
		p.multiplyHalf(q, sub, half)
		return
	}
	p.put(q, "R11", sub*p.subBytes(32)+64*half)
}

// put stores 16 weights of each of the four rows at the address off(reg).
func (p *packer) put(q quad, reg string, off int) {
	p.store2(q[0], q[1], at(off, reg))
	p.store2(q[2], q[3], at(off+32, reg))
}

// Each register of q has two float16 of one row. halves converts the first (which
// = 0) or the second (which = 1) to float32, and stores the four numbers as lanes.
func (p *packer) halves(q quad, which, tmp, off int) {
	trn := []string{"VTRN1", "VTRN2"}[which]
	p.vec(trn, "H8", q[1], q[0], tmp)
	p.vec(trn, "H8", q[3], q[2], tmp+1)
	p.vec("VTRN1", "S4", tmp+1, tmp, tmp)
	p.word("VFCVTL", tmp, tmp)
	p.putLanes(tmp, tmp+1, off)
}

// Register v has a 32-bit number for each of four rows. putLanes stores these numbers at off in the
// packed block. If the function multiplies, putLanes uses the numbers instead. tmp is a free
// register.
func (p *packer) putLanes(v, tmp, off int) {
	if p.fused != nil && p.fused.lanes != nil {
		p.accumulateLanes(v, tmp, off)
		return
	}
	if p.fused != nil && p.fused.width == 0 {
		p.accumulate(v, tmp, off)
		return
	}
	p.layout.putLanes(p.asm, v, tmp, off)
}
