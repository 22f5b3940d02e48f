package main

import "fmt"

// This file generates the kernels of float formats, which have eight partial sums for an
// output (see matmul/dot.go). A step is 8 columns. A panel has two groups of four rows. A
// group has all its steps one after the other. A step has 8 float32 numbers of each row.

// A floatFormat is a type whose weights are converted to float32.
type floatFormat struct {
	name  string
	bytes int // bytes of a weight
	// widen converts the 8 weights in src to float32 in lo
	// and hi. It is nil if the weights already are float32.
	widen func(a *asm, src, lo, hi int)
}

var floatFormats = []floatFormat{
	{"F32", 4, nil},
	{"F16", 2, func(a *asm, src, lo, hi int) {
		a.word("VFCVTL", src, lo)
		a.word("VFCVTL2", src, hi)
	}},
	{"BF16", 2, func(a *asm, src, lo, hi int) {
		a.word("VSHLL", src, lo)
		a.word("VSHLL2", src, hi)
	}},
}

func floats(a *asm) {
	for _, f := range floatFormats {
		f.pack(a)
		f.row(a)
		f.quad(a)
	}
	tileFloat(a)
}

// rowPointers are the registers that point to the rows of a group of four.
var rowPointers = []string{"R9", "R10", "R11", "R12"}

// pointRows sets rowPointers to four rows. Register first points to the first of them.
func pointRows(a *asm, first, stride string) {
	a.op("MOVD", "%s, %s", first, rowPointers[0])
	for r := 1; r < 4; r++ {
		a.op("ADD", "%s, %s, %s", stride, rowPointers[r-1], rowPointers[r])
	}
}

// loadStep loads 8 weights of each of the four rows as float32: row r goes to V(dst+2r) and the
// next register. It uses V28 to V31.
func (f floatFormat) loadStep(a *asm, dst int) {
	for r, p := range rowPointers {
		a.op("PRFM", "%d(%s), PLDL1STRM", ahead, p)
		if f.widen == nil {
			a.load2(at(0, p), dst+2*r, dst+2*r+1)
		} else {
			a.load(at(0, p), 28+r)
		}
	}
	for r, p := range rowPointers {
		if f.widen != nil {
			f.widen(a, 28+r, dst+2*r, dst+2*r+1)
		}
		a.add(8*f.bytes, p)
	}
}

func (f floatFormat) pack(a *asm) {
	name := "pack" + f.name + "NEON"
	a.begin("func " + name + "(panel, w *byte, stride, nb int)")
	a.top("// Registers\n" +
		"//\tR0 the panel\n//\tR1 the next four rows\n//\tR9-R12 the current four rows\n//\tR2 stride\n" +
		"//\tR3 steps\n//\tR4 steps left\n//\tR5 groups of four rows left")
	a.top("TEXT ·%s(SB), NOSPLIT, $0-32", name)
	for i, arg := range []string{"panel+0", "w+8", "stride+16", "nb+24"} {
		a.op("MOVD", "%s(FP), R%d", arg, i)
	}
	a.op("MOVD", "$2, R5")
	a.label("rows")
	pointRows(a, "R1", "R2")
	a.op("ADD", "R2<<2, R1")
	a.op("MOVD", "R3, R4")
	a.label("step")
	f.loadStep(a, 16)
	for r := range 4 {
		a.store2(16+2*r, 17+2*r, at(32*r, "R0"))
	}
	a.add(128, "R0")
	a.loop("R4", "step")
	a.blank()
	a.loop("R5", "rows")
	a.op("RET", "")
}

// row generates the function that multiplies rows with one token, without a panel.
func (f floatFormat) row(a *asm) {
	name := "row" + f.name + "NEON"
	a.begin("func " + name + "(t *tileArgs)")
	a.top("// One token; the weights are read in place: s[k%%8] = fma(w[k], x[k], s[k%%8]).\n//\n" +
		"// Registers\n" +
		"//\tR1 the next four rows\n//\tR9-R12 the current four rows\n//\tR2 stride\n//\tR3 steps\n//\tR6 steps left\n" +
		"//\tR4 accumulators of the current rows\n//\tR5 activations\n//\tR7 activations of the current step\n" +
		"//\tR8 groups of four rows left\n" +
		"//\tV0-V7 accumulators, [row][8 lanes]\n//\tV8-V9 activations\n//\tV16-V23 weights")
	loadArgs(a, name, "W", "WStride", "NB", "Acc", "F")
	a.op("MOVD", "$2, R8")
	a.label("rows")
	pointRows(a, "R1", "R2")
	a.op("ADD", "R2<<2, R1")
	a.op("MOVD", "R3, R6")
	a.op("MOVD", "R5, R7")
	for r := range 4 {
		a.load2(at(32*r, "R4"), 2*r, 2*r+1)
	}
	a.label("step")
	a.load2("(R7)", 8, 9)
	f.multiplyStep(a)
	a.add(32, "R7")
	a.loop("R6", "step")
	a.blank()
	for r := range 4 {
		a.store2(2*r, 2*r+1, at(32*r, "R4"))
	}
	a.add(128, "R4")
	a.loop("R8", "rows")
	a.op("RET", "")
}

// quad generates the function that multiplies four streams of rows with one token. Unlike row, it
// adds the partial sums, as kernel.Sum8 does.
func (f floatFormat) quad(a *asm) {
	name := "quad" + f.name + "NEON"
	a.begin("func " + name + "(t *tileArgs)")
	a.top("// Four streams of rows and one token: s[k%%8] = fma(w[k], x[k], s[k%%8]), then Sum8.\n//\n" +
		"// Registers\n" +
		"//\tR1 the next row of stream 0\n//\tR9-R12 the current rows\n//\tR2 bytes from one stream to the next\n" +
		"//\tR3 steps\n//\tR8 steps left\n//\tR4 results\n//\tR7 bytes from one stream's results to the next stream's\n" +
		"//\tR5 activations\n//\tR13 activations of the current step\n//\tR6 rows of a stream left\n" +
		"//\tV0-V7 accumulators, [row][8 lanes]\n//\tV8-V9 activations\n//\tV16-V23 weights")
	loadArgs(a, name, "W", "WStride", "NB", "Acc", "F", "Rows", "AccStride")
	a.label("rows")
	pointRows(a, "R1", "R2")
	a.op("MOVD", "R3, R8")
	a.op("MOVD", "R5, R13")
	for v := range 8 {
		a.bytes(0, v)
	}
	a.label("step")
	a.load2("(R13)", 8, 9)
	f.multiplyStep(a)
	a.add(32, "R13")
	a.loop("R8", "step")
	a.blank()
	for v := 0; v < 8; v += 2 {
		a.word("VFADD", v+1, v, v)
	}
	for v := 0; v < 8; v += 4 { // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7) of two rows
		a.vec("VZIP1", "D2", v+2, v, v+1)
		a.vec("VZIP2", "D2", v+2, v, v+3)
		a.word("VFADD", v+3, v+1, v+1)
	}
	a.vec("VUZP1", "S4", 5, 1, 0)
	a.vec("VUZP2", "S4", 5, 1, 2)
	a.word("VFADD", 2, 0, 0)
	storeStreams(a, 0, []string{"R4", "R10", "R11", "R12"}, "R7")
	a.op("MOVD", "R9, R1")
	a.add(4, "R4")
	a.loop("R6", "rows")
	a.op("RET", "")
}

// multiplyStep adds the products of 8 weights of each of the four rows with V8 and V9.
func (f floatFormat) multiplyStep(a *asm) {
	f.loadStep(a, 16)
	for v := range 8 {
		a.vec("VFMLA", "S4", 8+v%2, 16+v, v)
	}
}

// tileFloat generates the tile function, which multiplies 4 rows with 2 tokens or with one.
func tileFloat(a *asm) {
	const name = "tileFloatNEON"
	a.begin("func " + name + "(t *tileArgs)")
	a.top("// s[k%%8] = fma(w[k], x[k], s[k%%8]).\n//\n" +
		"// Registers\n" +
		"//\tR1 panel\n//\tR2 steps\n//\tR9 steps left\n//\tR3 tokens left\n" +
		"//\tR4 accumulators\n//\tR5 activations\n//\tR6 bytes from one token's activations to the next token's\n" +
		"//\tR10 the current step\n//\tR11 accumulators of the current rows\n//\tR12 groups of four rows left\n" +
		"//\tR13, R14 activations of the tokens\n" +
		"//\tV0-V15 accumulators, [token][row][8 lanes]\n//\tV16-V19 activations\n//\tV20-V27 weights")
	loadArgs(a, name, "Panel", "NB", "Tokens", "Acc", "F", "QStride", "D", "DStride")
	const accBytes = 8 * 8 * 4 // bytes of a token's accumulators for a panel
	byTokens(a, accBytes, []int{2, 1}, func(n int) {
		a.op("MOVD", "R1, R10")
		a.op("MOVD", "R4, R11")
		a.op("MOVD", "$2, R12")
		a.label(fmt.Sprintf("rows%d", n))
		for v := 0; v < 8*n; v += 2 {
			a.load2(at(v/8*accBytes+v%8*16, "R11"), v, v+1)
		}
		pointActs(a, n)
		a.op("MOVD", "R2, R9")
		a.label(fmt.Sprintf("step%d", n))
		for t := range n {
			a.load2(at(0, actPointers[t]), 16+2*t, 17+2*t)
		}
		for r := range 4 {
			a.load2(at(32*r, "R10"), 20+2*r, 21+2*r)
		}
		for v := range 8 {
			for t := range n {
				a.vec("VFMLA", "S4", 16+2*t+v%2, 20+v, 8*t+v)
			}
		}
		for t := range n {
			a.add(32, actPointers[t])
		}
		a.add(128, "R10")
		a.loop("R9", fmt.Sprintf("step%d", n))
		a.blank()
		for v := 0; v < 8*n; v += 2 {
			a.store2(v, v+1, at(v/8*accBytes+v%8*16, "R11"))
		}
		a.add(128, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
	})
}
