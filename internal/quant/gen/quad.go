package main

import "fmt"

// This file generates products with one token, which need no panel. The body of a format
// is the same as for packing, but it calls the functions of this file, which multiply
// the weights instead of storing them. The four rows that are multiplied together are
// from four streams (see Quad in kernel.Kernel). Memory delivers such long streams
// faster than four neighbouring rows, each of which ends after about a kilobyte.
//
// put32 uses V16 to V24 and V28. No body of a format with blocks of 32 weights needs these when it
// calls put32. V29 has the accumulators.

// quads generates the functions that multiply with one token. Q3_K has no such function,
// because its body leaves too few registers free. lanes.go generates the function of Q5_1.
func quads(a *asm, l layout) {
	for _, f := range formats {
		switch {
		case f.one == nil:
		case f.one.width == 0:
			f.quad(a, l, *f.one)
		default:
			f.quad256(a, l, *f.one)
		}
	}
}

// quad generates the function that multiplies rows in place with one token, for a format with
// blocks of 32 weights.
func (f format) quad(a *asm, l layout, one fused) {
	hasMin := one.hasMin
	p := &packer{asm: a, layout: l, fused: &one}
	p.quadStart(f, quadName(f, l), "acc = fma(sum, d*D, acc)"+map[bool]string{true: ",\n// acc = fma(m, DS, acc)"}[hasMin])
	if hasMin {
		p.top("//\tR14 distance in bytes from a D to its DS")
	}
	p.quadArgs(quadName(f, l))
	if hasMin {
		p.op("MOVD", "tileArgs_DS(R0), R14")
		p.op("SUB", "R24, R14")
	}
	f.setup(p)

	p.label("rows")
	p.pointFour()
	p.op("MOVD", "R23, R13")
	p.op("MOVD", "R24, R26")
	p.bytes(0, 29)
	p.label("block")
	p.prefetch(f.bytes)
	f.body(p)
	p.blank()
	p.advance(f.bytes)
	p.add(32, "R13")
	p.add(4, "R26")
	p.loop("R8", "block")
	p.quadEnd(29)
}

// quadStart writes the comment of a function that multiplies with one token.
func (p *packer) quadStart(f format, name, result string) {
	p.begin("func " + name + "(t *tileArgs)")
	p.top("// One token; the weights are read in place: %s.\n//", result)
	p.top("// Registers")
	p.top("//\tR1 the next row of stream 0\n//\tR4-R7 the current block of each row")
	p.top("//\tR2 bytes from one stream to the next\n//\tR3 blocks\n//\tR8 blocks left\n//\tR9 rows of a stream left")
	p.top("//\tR23 activations\n//\tR13 activations of the block\n//\tR24 scales\n//\tR26 the scale of the block")
	p.top("//\tR25 results\n//\tR15 bytes from one stream's results to the next stream's")
	if f.doc != "" {
		p.top("//\t%s", f.doc)
	}
}

func quadName(f format, l layout) string { return fmt.Sprintf("quad%s%s", f.name, l.isa) }

// quadArgs begins the code of a function that multiplies with one token
// by loading the arguments. R0 keeps the address of the arguments.
func (p *packer) quadArgs(name string) {
	p.top("TEXT ·%s(SB), NOSPLIT, $0-8", name)
	p.op("MOVD", "t+0(FP), R0")
	for _, arg := range []struct{ field, reg string }{{"W", "R1"}, {"WStride", "R2"}, {"NB", "R3"}, {"Rows", "R9"},
		{"Acc", "R25"}, {"AccStride", "R15"}, {"Q", "R23"}, {"D", "R24"}} {
		p.op("MOVD", "tileArgs_%s(R0), %s", arg.field, arg.reg)
	}
}

// quadEnd stores the results of four rows, which are the lanes of v. Then it goes to the next row
// of each stream, which follows the current row, or ends the function after the last row.
func (p *packer) quadEnd(v int) {
	p.blank()
	p.op("MOVD", "R4, R1")
	storeStreams(p.asm, v, []string{"R25", "R5", "R6", "R7"}, "R15")
	p.add(4, "R25")
	p.loop("R9", "rows")
	p.op("RET", "")
}

// storeStreams stores the results of four rows, which are the lanes of v. Register at[0] is the
// address of the first result. The other registers become the addresses of the other streams'
// results, which are stride bytes apart.
func storeStreams(a *asm, v int, at []string, stride string) {
	for r := 1; r < 4; r++ {
		a.op("ADD", "%s, %s, %s", stride, at[r-1], at[r])
	}
	for r, at := range at {
		a.op("VST1", "V%d.S[%d], (%s)", v, r, at)
	}
}

// fused tells a packer that it multiplies instead of storing, and how.
type fused struct {
	hasMin bool
	any    bool    // weights may have any value of 8 bits
	width  int     // width of a k-quant's sub-blocks; 0 for formats with blocks of 32 weights
	lanes  *layout // if not nil, products have partial sums and use this layout's instructions, see lanes.go
}

// multiply32 sets V16 to the sums of the products of the first and second 16 weights of four
// rows.
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

// accumulate uses the numbers in v that a packing function would store
// at off. If these are scales, it adds the sums times the scales to
// the accumulators. If they are minima, it adds the minima times DS.
func (p *packer) accumulate(v, tmp, off int) {
	if off == 4*32 {
		p.op("FMOVS", "(R26), F%d", tmp)
		p.word("VFMULS", tmp, 0, v, v)
		p.word("VSCVTF", 16, 16)
		p.vec("VFMLA", "S4", v, 16, 29)
		return
	}
	p.op("FMOVS", "(R26)(R14), F%d", tmp)
	p.word("VFMLAS", tmp, 0, v, 29)
}
