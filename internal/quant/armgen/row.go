package main

import "fmt"

// A product with one token need not go by way of a panel: what a format's body
// would store is multiplied in the registers where it is. The bodies are those of
// packing, with these in place of the stores.
//
// Of the vectors, put32 uses V16 to V24 and V28, which no body of a 32-wide format
// has anything in when it is called, and V29 is the accumulators.

// row generates a function that multiplies rows where they lie with one token,
// for a 32-wide format; any says that its weights need 8 bits.
func (f format) row(a *asm, l layout, hasMin, any bool) {
	p := &packer{asm: a, layout: l, fused: &fused{hasMin, any}}
	name := fmt.Sprintf("row%s%s", f.name, l.isa)
	p.begin("func " + name + "(t *tileArgs)")
	p.top("// One token, weights from where they lie: acc = fma(sum, d*D, acc)%s.\n//", map[bool]string{true: ",\n// acc = fma(m, DS, acc)"}[hasMin])
	p.top("// Registers")
	p.top("//\tR1  the next four rows  R4-R7 the block's rows")
	p.top("//\tR2  stride              R3  blocks, R8 left     R9  fours of rows left")
	p.top("//\tR23 activations, R13 the block's                R24 scales, R20 the block's")
	p.top("//\tR14 from a D to its DS                          R25 accumulators")
	if f.doc != "" {
		p.top("//\t%s", f.doc)
	}
	p.top("TEXT ·%s(SB), NOSPLIT, $0-8", name)
	p.op("MOVD", "t+0(FP), R0")
	for _, arg := range []struct{ field, reg string }{{"w", "R1"}, {"wStride", "R2"}, {"nb", "R3"}, {"acc", "R25"}, {"q", "R23"}, {"d", "R24"}} {
		p.op("MOVD", "tileArgs_%s(R0), %s", arg.field, arg.reg)
	}
	if hasMin {
		p.op("MOVD", "tileArgs_ds(R0), R14")
		p.op("SUB", "R24, R14")
	}
	p.op("MOVD", "$4, R9")
	f.setup(p)

	p.label("rows")
	p.pointFour()
	p.op("MOVD", "R23, R13")
	p.op("MOVD", "R24, R20")
	p.load("(R25)", 29)
	p.label("block")
	p.prefetch(f.bytes)
	f.body(p)
	p.blank()
	p.advance(f.bytes)
	p.add(32, "R13")
	p.add(4, "R20")
	p.loop("R8", "block")
	p.blank()
	p.store(29, "(R25)")
	p.add(16, "R25")
	p.loop("R9", "rows")
	p.op("RET", "")
}

// fused is what a packer has to know to multiply instead of storing.
type fused struct{ hasMin, any bool }

// multiply32 adds the products of the first and second 16 weights of four rows to
// zero, in V16.
func (p *packer) multiply32(lo, hi quad) {
	p.note("sum = w·a")
	p.load("(R13)", 23)
	p.load("16(R13)", 28)
	switch {
	case p.layout == sdot:
		p.bytes(0, 16)
		p.bytes(0, 17)
		for i := range 4 {
			p.word("VSDOT4B", 23, i, lo[i], 16)
			p.word("VSDOT4B", 28, i, hi[i], 17)
		}
		p.vec("VADD", "S4", 17, 16, 16)
	case p.fused.any:
		second := quad{20, 21, 22, 24}
		for i := range 4 {
			p.word("VSMULL", 23, lo[i], 16+i)
			p.word("VSMULL", 28, hi[i], second[i])
		}
		for i := range 4 {
			p.word("VSMLAL2", 23, lo[i], 16+i)
			p.word("VSMLAL2", 28, hi[i], second[i])
		}
		for i := range 4 {
			p.word("VSADDLP", 16+i, 16+i)
		}
		for i := range 4 {
			p.word("VSADALP", second[i], 16+i)
		}
		p.vec("VADDP", "S4", 17, 16, 16)
		p.vec("VADDP", "S4", 19, 18, 18)
		p.vec("VADDP", "S4", 18, 16, 16)
	default:
		for i := range 4 {
			p.word("VSMULL", 23, lo[i], 16+i)
		}
		for i := range 4 {
			p.word("VSMLAL2", 23, lo[i], 16+i)
		}
		for i := range 4 {
			p.word("VSMLAL", 28, hi[i], 16+i)
		}
		for i := range 4 {
			p.word("VSMLAL2", 28, hi[i], 16+i)
		}
		p.vec("VADDP", "H8", 17, 16, 16)
		p.vec("VADDP", "H8", 19, 18, 18)
		p.word("VSADDLP", 16, 16)
		p.word("VSADDLP", 18, 18)
		p.vec("VADDP", "S4", 18, 16, 16)
	}
}

// accumulate takes lanes that a body would store at off into account: the scales,
// or the minima.
func (p *packer) accumulate(v, tmp, off int) {
	if off == 4*32 {
		p.op("FMOVS", "(R20), F%d", tmp)
		p.word("VFMULS", tmp, 0, v, v)
		p.word("VSCVTF", 16, 16)
		p.vec("VFMLA", "S4", v, 16, 29)
		return
	}
	p.op("FMOVS", "(R20)(R14), F%d", tmp)
	p.word("VFMLAS", tmp, 0, v, 29)
}
