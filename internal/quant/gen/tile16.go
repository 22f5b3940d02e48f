package main

import "fmt"

// tiles16 generates the tile functions of the formats with a scale for each 16 weights (see
// format16.go). There are versions for CPUs with SDOT (dot products of bytes) and without it.
func tiles16(a *asm) {
	for _, hasMin := range []bool{false, true} {
		tile16SDOT(a, hasMin)
		tile16NEON(a, hasMin)
	}
}

// tile16Start begins a tile function of these formats.
func tile16Start(a *asm, l layout, hasMin bool, registers string) {
	name := "tileB16" + minName(hasMin) + l.isa
	tileStart(a, name, "Blocks of 16 weights: acc = fma(sum, d*D, acc)"+map[bool]string{true: ",\nacc = fma(m, D*(sum of activations), acc)"}[hasMin]+".")
	a.top("%s", registers)
	tileArgs(a, name)
}

// actSum sets v to the product of D and the sum of 16 activations. D is in the first lane of d.
func actSum(a *asm, acts, d, v int) {
	a.word("VSADDLP8H", acts, v)
	a.word("VSADDLP", v, v)
	a.vec("VADDP", "S4", v, v, v)
	a.vec("VADDP", "S4", v, v, v)
	a.word("VSCVTF", v, v)
	a.word("VFMULS", d, 0, v, v)
}

func tile16SDOT(a *asm, hasMin bool) {
	tile16Start(a, sdot, hasMin, "//\tR10, R26 the current block of rows 0 to 3 and of rows 4 to 7\n//\tR12 groups of 8 rows left\n"+
		"//\tR11 accumulators of the current rows\n//\tR13-R15, R19 activations of the tokens\n"+
		"//\tR20 scale of the first token\n//\tR21 scale of the current token\n//\tR24 blocks left\n"+
		"//\tV0-V7 accumulators, [token][4 rows]\n//\tV8-V15 sums\n//\tV16-V19 activations\n"+
		"//\tV20-V27 weights, then D and minima\n//\tV28-V29 d\n//\tV30-V31 d*D")
	half := sdot.half16(hasMin)
	byTokens(a, 64, []int{4, 1}, func(n int) {
		eachRun(a, n, 2*half)
		for t := range n {
			a.load2(at(64*t, "R11"), 2*t, 2*t+1)
		}
		pointActs(a, n)
		a.op("MOVD", "R7, R20")
		a.op("MOVD", "R2, R24")
		a.label(fmt.Sprintf("block%d", n))
		for h := range 2 {
			for v := range 2 * n {
				a.bytes(0, 8+v)
			}
			sdotRows(a, n, 8, h*half, 16*h)
			a.note("acc = fma(sum, d*D, acc)")
			load2of(a, h*half+64, 28)
			if hasMin {
				load2of(a, h*half+64+16, 26)
			}
			a.op("MOVD", "R20, R21")
			for t := range n {
				a.op("FMOVS", "(R21), F20")
				if hasMin {
					actSum(a, 16+t, 20, 21)
				}
				for g := range 2 {
					a.word("VFMULS", 20, 0, 28+g, 30+g)
					a.word("VSCVTF", 8+2*t+g, 8+2*t+g)
				}
				for g := range 2 {
					a.vec("VFMLA", "S4", 30+g, 8+2*t+g, 2*t+g)
					if hasMin {
						a.word("VFMLAS", 21, 0, 26+g, 2*t+g)
					}
				}
				if t < n-1 {
					a.op("ADD", "R8, R21")
				}
			}
		}
		for t := range n {
			a.add(32, actPointers[t])
		}
		a.add(4, "R20")
		a.add(2*half, "R10")
		a.add(2*half, "R26")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		for t := range n {
			a.store2(2*t, 2*t+1, at(64*t, "R11"))
		}
		a.add(32, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
	})
}

func tile16NEON(a *asm, hasMin bool) {
	tile16Start(a, neon, hasMin, "//\tR10 the current block in the panel\n//\tR12 groups of four rows left\n"+
		"//\tR11 accumulators of the current rows\n//\tR13-R15, R19 activations of the tokens\n"+
		"//\tR20 scale of the first token\n//\tR21 scale of the current token\n//\tR24 blocks left\n"+
		"//\tV0-V3 accumulators of 4 rows\n//\tV4-V11 activations\n//\tV12-V15 weights, then D\n"+
		"//\tV16-V23 products, then d*D\n//\tV24-V27 sums\n//\tV30-V31 m, d")
	half := neon.half16(hasMin)
	byTokens(a, 64, []int{4, 1}, func(n int) {
		a.op("MOVD", "R1, R10")
		a.op("MOVD", "R4, R11")
		a.op("MOVD", "$4, R12")
		a.label(fmt.Sprintf("rows%d", n))
		for t := range n {
			a.load(at(64*t, "R11"), t)
		}
		pointActs(a, n)
		a.op("MOVD", "R7, R20")
		a.op("MOVD", "R2, R24")
		a.label(fmt.Sprintf("block%d", n))
		loadActs(a, n, 2)
		for h := range 2 {
			neonSmall(a, n, []neonHalf{{h * half, h}})
			a.note("acc = fma(sum, d*D, acc)")
			a.load(at(h*half+64, "R10"), 31)
			if hasMin {
				a.load(at(h*half+64+16, "R10"), 30)
			}
			a.op("MOVD", "R20, R21")
			for t := range n {
				a.op("FMOVS", "(R21), F%d", 12+t)
				if t < n-1 {
					a.op("ADD", "R8, R21")
				}
			}
			for t := range n {
				a.word("VFMULS", 12+t, 0, 31, 16+t)
				a.word("VSCVTF", 24+t, 24+t)
				if hasMin {
					actSum(a, 4+2*t+h, 12+t, 20+t)
				}
			}
			for t := range n {
				a.vec("VFMLA", "S4", 16+t, 24+t, t)
				if hasMin {
					a.word("VFMLAS", 20+t, 0, 30, t)
				}
			}
		}
		for t := range n {
			a.add(32, actPointers[t])
		}
		a.add(4, "R20")
		a.add(2*half, "R10")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		for t := range n {
			a.store(t, at(64*t, "R11"))
		}
		a.add(16, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
	})
}
