package main

import (
	"fmt"
	"slices"
)

// This file generates products with eight partial sums and a sum of the minima, for Q5_1
// (see matmul/dot.go). Each partial sum adds the products of 4 weights of a block. All
// instruction sets use panels of the SDOT layout, because there, too, a lane has 4 weights.
// A group of four rows has nine vectors of accumulators, with one row in each lane.

// laneBytes is the size of the accumulators of four rows.
const laneBytes = 9 * 16

// lanes generates these functions twice: for CPUs with SDOT (dot products of bytes) and without it.
func lanes(a *asm) {
	for _, l := range []layout{sdot, neon} {
		for _, f := range formats {
			if f.lanes {
				f.quadLanes(a, l)
			}
		}
		tileLanes(a, l)
	}
	sumLanes(a)
}

// lane sets sum to the products of w, which has 4 weights of each of 4 rows,
// with activations 4i to 4i+3 of act. With NEON, a lane adds 4 products of
// at most 31·127, which fit in int16. tmp has two scratch registers.
func (l layout) lane(a *asm, act, i, w, sum int, tmp [2]int) {
	if l == sdot {
		a.bytes(0, sum)
		a.word("VSDOT4B", act, i, w, sum)
		return
	}
	t1, t2 := tmp[0], tmp[1]
	a.op("VDUP", "V%d.S[%d], V%d.S4", act, i, t1)
	a.word("VSMULL", t1, w, sum)
	a.word("VSMULL2", t1, w, t2)
	a.vec("VADDP", "H8", t2, sum, sum)
	a.word("VSADDLP", sum, sum)
}

// tileLanes generates the tile function, which multiplies 4 rows with 2 tokens or with one.
func tileLanes(a *asm, l layout) {
	name := "tileB32Lanes" + l.isa
	tileStart(a, name, "Formats with blocks of 32 weights and partial sums: s[j] = fma(sum of 4 products,\nd*D, s[j]), ms = fma(m, DS, ms).")
	a.top("//\tR9 distance in bytes from a D to its DS\n" +
		"//\tR10 the current block in the panel\n//\tR12 groups of four rows left\n" +
		"//\tR11 accumulators of the current rows\n//\tR13, R14 activations of the tokens\n" +
		"//\tR20 scale of the first token\n//\tR21 scale of the current token\n//\tR24 blocks left\n" +
		"//\tV0-V17 accumulators, [token][9]\n//\tV18-V21 activations\n//\tV22-V23 weights\n" +
		"//\tV24-V27 sums\n//\tV28-V29 d*D\n//\tV30-V31 d, m, scratch")
	tileArgs(a, name)
	a.op("MOVD", "tileArgs_DS(R0), R9")
	a.op("SUB", "R7, R9")
	const accBytes = 4 * laneBytes // bytes of a token's accumulators for a panel
	byTokens(a, accBytes, []int{2, 1}, func(n int) {
		a.op("MOVD", "R1, R10")
		a.op("MOVD", "R4, R11")
		a.op("MOVD", "$4, R12")
		a.label(fmt.Sprintf("rows%d", n))
		for v := range 9 * n {
			a.load(at(v/9*accBytes+v%9*16, "R11"), v)
		}
		pointActs(a, n)
		a.op("MOVD", "R7, R20")
		a.op("MOVD", "R2, R24")
		a.label(fmt.Sprintf("block%d", n))
		a.load2("128(R10)", 30, 31)
		a.op("MOVD", "R20, R21")
		for t := range n {
			a.load2(at(0, actPointers[t]), 18+2*t, 19+2*t)
			a.op("FMOVS", "(R21), F24")
			a.op("FMOVS", "(R21)(R9), F25")
			a.word("VFMULS", 24, 0, 30, 28+t)
			a.word("VFMLAS", 25, 0, 31, 9*t+8)
			if t < n-1 {
				a.op("ADD", "R8, R21")
			}
		}
		for j := 0; j < 8; j += 2 {
			a.load2(at(16*j, "R10"), 22, 23)
			for i := range 2 {
				for t := range n {
					l.lane(a, 18+2*t+j/4, (j+i)%4, 22+i, 24+2*i+t, [2]int{30, 31})
				}
			}
			for i := range 2 {
				for t := range n {
					a.word("VSCVTF", 24+2*i+t, 24+2*i+t)
				}
			}
			for i := range 2 {
				for t := range n {
					a.vec("VFMLA", "S4", 28+t, 24+2*i+t, 9*t+j+i)
				}
			}
		}
		for t := range n {
			a.add(32, actPointers[t])
		}
		a.add(4, "R20")
		a.add(sdot.block32(true), "R10")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		for v := range 9 * n {
			a.store(v, at(v/9*accBytes+v%9*16, "R11"))
		}
		a.add(laneBytes, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
	})
}

// quadLanes does what quad does, for a format with partial sums. The format's body calls
// multiplyLanes, which leaves the products in laneSums. Then it calls accumulateLanes
// for the scales, which adds the products to the accumulators in memory.
func (f format) quadLanes(a *asm, l layout) {
	p := &packer{asm: a, layout: sdot, fused: &fused{hasMin: true, lanes: &l}}
	p.quadStart(f, quadName(f, l), "s[j] = fma(sum of 4 products, d*D, s[j]),\n// ms = fma(m, DS, ms)")
	p.top("//\tR10 accumulators\n//\tR14 distance in bytes from a D to its DS")
	p.quadArgs(quadName(f, l))
	p.op("MOVD", "tileArgs_Panel(R0), R10")
	p.op("MOVD", "tileArgs_DS(R0), R14")
	p.op("SUB", "R24, R14")
	f.setup(p)

	p.label("rows")
	p.pointFour()
	p.op("MOVD", "R23, R13")
	p.op("MOVD", "R24, R26")
	p.bytes(0, 0)
	for v := 0; v < 8; v += 2 {
		p.store2(0, 0, at(16*v, "R10"))
	}
	p.store(0, "128(R10)")
	p.label("block")
	p.prefetch(f.bytes)
	f.body(p)
	p.blank()
	p.advance(f.bytes)
	p.add(32, "R13")
	p.add(4, "R26")
	p.loop("R8", "block")
	p.blank()
	sumFour(a, "R10", append(slices.Clone(laneSums), 27))
	p.quadEnd(laneSums[0])
}

// laneSums are registers that the body of bits32 no longer needs
// when it calls put32. V23 and V27 to V29 are also free then.
var laneSums = []int{16, 17, 18, 19, 20, 21, 22, 26}

// multiplyLanes does for quadLanes what multiply32 does for quad.
func (p *packer) multiplyLanes(lo, hi quad) {
	p.note("Compute the sums of 4 products.")
	for half, w := range []quad{lo, hi} {
		p.load(at(16*half, "R13"), 23)
		for i := range 4 {
			p.fused.lanes.lane(p.asm, 23, i, w[i], laneSums[4*half+i], [2]int{27, 28})
		}
	}
}

// accumulateLanes does for quadLanes what accumulate does for quad.
func (p *packer) accumulateLanes(v, tmp, off int) {
	if off != 4*32 {
		p.op("FMOVS", "(R26)(R14), F%d", tmp)
		p.load("128(R10)", 27)
		p.word("VFMLAS", tmp, 0, v, 27)
		p.store(27, "128(R10)")
		return
	}
	p.op("FMOVS", "(R26), F%d", tmp)
	p.word("VFMULS", tmp, 0, v, v)
	for j := 0; j < 8; j += 2 {
		p.load2(at(16*j, "R10"), 27, 28)
		p.word("VSCVTF", laneSums[j], laneSums[j])
		p.word("VSCVTF", laneSums[j+1], laneSums[j+1])
		p.vec("VFMLA", "S4", v, laneSums[j], 27)
		p.vec("VFMLA", "S4", v, laneSums[j+1], 28)
		p.store2(27, 28, at(16*j, "R10"))
	}
}

// sumLanes generates the function that adds the accumulators of a panel for one token.
func sumLanes(a *asm) {
	a.begin("func sumB32LanesNEON(dst, acc *float32)")
	a.top("// For each of 16 rows, it adds the partial sums as kernel.Sum8 does, and then the sum of the minima.\n//\n" +
		"// Registers\n//\tR1 results\n//\tR2 accumulators\n//\tR3 groups of four rows left")
	a.top("TEXT ·sumB32LanesNEON(SB), NOSPLIT, $0-16")
	a.op("MOVD", "dst+0(FP), R1")
	a.op("MOVD", "acc+8(FP), R2")
	a.op("MOVD", "$4, R3")
	a.label("rows")
	sumFour(a, "R2", []int{0, 1, 2, 3, 4, 5, 6, 7, 8})
	a.store(0, "(R1)")
	a.add(laneBytes, "R2")
	a.add(16, "R1")
	a.loop("R3", "rows")
	a.op("RET", "")
}

// sumFour sets register v[0] to the sums of the accumulators of four rows, which are at reg. It
// also uses the other eight registers of v.
func sumFour(a *asm, reg string, v []int) {
	for i, v := range v {
		a.load(at(16*i, reg), v)
	}
	for i := range 4 {
		a.word("VFADD", v[i+4], v[i], v[i])
	}
	a.word("VFADD", v[2], v[0], v[0])
	a.word("VFADD", v[3], v[1], v[1])
	a.word("VFADD", v[1], v[0], v[0])
	a.word("VFADD", v[8], v[0], v[0])
}
