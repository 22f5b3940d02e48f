package main

import "fmt"

// tilesNEON generates the tile functions for CPUs that have
// only NEON. They multiply 4 rows with up to 4 tokens.
//
// Products are added in int16, and then the sums are widened to int32. A sum may be at most
// 32767. Activations are at most 127. So the largest weight q decides how many products fit:
//
//	weights                   q  products         how they are added
//	a scale for 32 weights   31  8·31·127=31496   4 in a lane, then 2 neighbouring lanes
//	a scale for 16 weights   32  8·32·127=32512   2 in a lane, then 4 neighbouring lanes
//	wide: 8 bits            128  2·128·127=32512  2 in a lane
func tilesNEON(a *asm) {
	for _, hasMin := range []bool{false, true} {
		tile32NEON(a, false, hasMin)
	}
	tile32NEON(a, true, false)
	tile256NEON(a, 32, false, true)
	tile256NEON(a, 32, true, false)
	for _, hasMin := range []bool{false, true} {
		tile256NEON(a, 16, false, hasMin)
	}
}

func nameNEON(shape string, wide, hasMin bool) string {
	if wide {
		shape += "Wide"
	}
	return "tile" + shape + minName(hasMin) + "NEON"
}

// loadActs loads n vectors of each token's activations into V4 and the next registers.
func loadActs(a *asm, tokens, n int) {
	for t := range tokens {
		if n == 2 {
			a.load2(at(0, actPointers[t]), 4+2*t, 5+2*t)
		} else {
			a.load(at(0, actPointers[t]), 4+t)
		}
	}
}

// A neonHalf is 16 weights of each of 4 rows, at the offset off from R10. If acts is 0, these
// weights belong to the first 16 activations of each token in V4 to V11. If acts is 1, they belong
// to the second 16.
type neonHalf struct{ off, acts int }

// bothHalves are the two halves of a block of 32.
var bothHalves = []neonHalf{{0, 0}, {64, 1}}

// neonSmall multiplies weights of each of 4 rows with the tokens' activations in V4-V11. The sums
// are in V24 and the next registers, with a row in each lane.
//
//	V12-V15  weights; with one token, also V20-V23
//	V16-V23  products
func neonSmall(a *asm, tokens int, halves []neonHalf) {
	atOnce := 2 // two rows at once make 8 chains of multiply-adds for 4 tokens
	weights := func(r, half int) int { return 12 + 2*half + r%2 }
	product := func(r, t int) int { return 16 + 2*t + r%2 }
	if tokens == 1 {
		atOnce = 4
		weights = func(r, half int) int { return 12 + r/2*8 + 2*half + r%2 }
		product = func(r, t int) int { return 16 + r }
	}
	pair := func(p, t int) int { return []int{24 + t, product(2, t)}[p] }
	for first := 0; first < 4; first += atOnce {
		for r := first; r < first+atOnce; r += 2 {
			for i, half := range halves {
				a.load2(at(half.off+16*r, "R10"), weights(r, i), weights(r+1, i))
			}
		}
		for step, mul := range []string{"VSMULL", "VSMLAL2", "VSMLAL", "VSMLAL2"}[:2*len(halves)] {
			for r := first; r < first+atOnce; r++ {
				for t := range tokens {
					a.word(mul, 4+2*t+halves[step/2].acts, weights(r, step/2), product(r, t))
				}
			}
		}
		for r := first; r < first+atOnce; r += 2 {
			for t := range tokens {
				a.vec("VADDP", "H8", product(r+1, t), product(r, t), pair(r/2, t))
			}
		}
	}
	for t := range tokens {
		a.word("VSADDLP", pair(0, t), pair(0, t))
		a.word("VSADDLP", pair(1, t), pair(1, t))
	}
	for t := range tokens {
		a.vec("VADDP", "S4", pair(1, t), pair(0, t), 24+t)
	}
}

// neonWide does what neonSmall does, but for weights of 8 bits, for both halves, and for at most 2
// tokens.
func neonWide(a *asm, tokens int) {
	product := func(r, t, half int) int { return 16 + 4*t + 2*(r%2) + half }
	for first := 0; first < 4; first += 2 {
		for half := range 2 {
			a.load2(at(64*half+16*first, "R10"), 12+2*half, 13+2*half)
		}
		for _, mul := range []string{"VSMULL", "VSMLAL2"} {
			for r := first; r < first+2; r++ {
				for t := range tokens {
					for half := range 2 {
						a.word(mul, 4+2*t+half, 12+2*half+r%2, product(r, t, half))
					}
				}
			}
		}
		for r := first; r < first+2; r++ {
			for t := range tokens {
				a.word("VSADDLP", product(r, t, 0), product(r, t, 0))
			}
		}
		for r := first; r < first+2; r++ {
			for t := range tokens {
				a.word("VSADALP", product(r, t, 1), product(r, t, 0))
			}
		}
		for t := range tokens {
			a.vec("VADDP", "S4", product(1, t, 0), product(0, t, 0), []int{24 + t, product(0, t, 0)}[first/2])
		}
	}
	for t := range tokens {
		a.vec("VADDP", "S4", product(0, t, 0), 24+t, 24+t)
	}
}

// tile32NEON generates the tile function of the formats with blocks of 32 weights. The comment of
// tileStart explains d, D, m and DS.
func tile32NEON(a *asm, wide, hasMin bool) {
	name := nameNEON("B32", wide, hasMin)
	steps, sums := []int{4, 1}, func(a *asm, tokens int) { neonSmall(a, tokens, bothHalves) }
	if wide {
		steps, sums = []int{2, 1}, neonWide
	}
	tileStart(a, name, "Blocks of 32 weights: acc = fma(sum, d*D, acc)"+map[bool]string{true: ", acc = fma(m, DS, acc)"}[hasMin]+".")
	a.top(map[bool]string{true: "//\tR9 distance in bytes from a D to its DS\n"}[hasMin] +
		"//\tR10 the current block in the panel\n//\tR12 groups of four rows left\n" +
		"//\tR11 accumulators of the current rows\n//\tR13-R15, R19 activations of the tokens\n" +
		"//\tR20 scale of the first token\n//\tR21 scale of the current token\n//\tR24 blocks left\n" +
		"//\tV0-V3 accumulators of 4 rows\n//\tV4-V11 activations, then D and DS\n//\tV12-V15 weights\n" +
		"//\tV16-V23 products, then d*D\n//\tV24-V27 sums\n//\tV30-V31 m, d")
	tileArgs(a, name)
	if hasMin {
		a.op("MOVD", "tileArgs_DS(R0), R9")
		a.op("SUB", "R7, R9")
	}
	byTokens(a, 64, steps, func(n int) {
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
		sums(a, n)
		a.note("acc = fma(sum, d*D, acc)")
		a.load("128(R10)", 31)
		if hasMin {
			a.load("144(R10)", 30)
		}
		a.op("MOVD", "R20, R21")
		for t := range n {
			// The registers of activations and products are free.
			a.op("FMOVS", "(R21), F%d", 4+t)
			if hasMin {
				a.op("FMOVS", "(R21)(R9), F%d", 8+t)
			}
			if t < n-1 {
				a.op("ADD", "R8, R21")
			}
		}
		for t := range n {
			a.word("VFMULS", 4+t, 0, 31, 16+t)
			a.word("VSCVTF", 24+t, 24+t)
		}
		for t := range n {
			a.vec("VFMLA", "S4", 16+t, 24+t, t)
			if hasMin {
				a.word("VFMLAS", 8+t, 0, 30, t)
			}
			a.add(32, actPointers[t])
		}
		a.add(4, "R20")
		a.add(neon.block32(hasMin), "R10")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		for t := range n {
			a.store(t, at(64*t, "R11"))
		}
		a.add(16, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
	})
}
