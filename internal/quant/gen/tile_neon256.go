package main

import "fmt"

func tile256NEON(a *asm, width int, wide, hasMin bool) {
	name := nameNEON(fmt.Sprintf("K%d", width), wide, hasMin)
	doc := fmt.Sprintf("K-quants with sub-blocks of %d: acc = fma(isum, d*D, acc), where isum adds\nscale·sum of all sub-blocks", width)
	if hasMin {
		doc += "; acc = fma(-msum, dmin*D, acc), where msum adds\nminimum·(sum of activations)"
	}
	tileStart(a, name, doc+".")
	a.top("//\tR10 the current sub-block in the panel, then the data after the sub-blocks\n" +
		"//\tR11 accumulators of the current rows\n//\tR12 groups of four rows left\n" +
		"//\tR13-R15, R19 activations of the tokens\n//\tR20 scale of the first token\n//\tR21 scale of the current token\n" +
		map[bool]string{true: "//\tR22 bytes from one token's sums of activations to the next token's\n//\tR9 all sums of activations\n//\tR23 the block's sums of activations\n//\tR25 the current token's sums of activations\n"}[hasMin] +
		"//\tR0 sub-blocks left\n//\tR24 blocks left")
	if width == 16 {
		a.top("//\tV0-V3 isum of rows 0 and 1, two lanes each\n//\tV28-V31 isum of rows 2 and 3\n" +
			"//\tV4-V7 activations\n//\tV8-V11 weights\n//\tV12 scales, each twice\n" +
			"//\tV16-V23 products\n//\tV24-V27 sums of products")
	} else {
		a.top("//\tV0-V3 isum\n//\tV4-V11 activations\n//\tV12-V15 weights\n//\tV16-V23 products\n" +
			"//\tV24-V27 sums\n//\tV28 scales")
	}
	tileArgs(a, name)
	if hasMin {
		a.op("MOVD", "tileArgs_Sums(R0), R9")
		a.op("MOVD", "tileArgs_SStride(R0), R22")
	}
	steps := []int{4, 1}
	if wide {
		steps = []int{2, 1}
	}
	byTokens(a, 64, steps, func(n int) {
		a.op("MOVD", "R1, R10")
		a.op("MOVD", "R4, R11")
		a.op("MOVD", "$4, R12")
		a.label(fmt.Sprintf("rows%d", n))
		pointActs(a, n)
		a.op("MOVD", "R7, R20")
		if hasMin {
			a.op("MOVD", "R9, R23")
		}
		a.op("MOVD", "R2, R24")
		a.label(fmt.Sprintf("block%d", n))
		a.op("MOVD", "$%d, R0", 256/width)
		for t := range n {
			a.bytes(0, t)
			if width == 16 {
				a.bytes(0, 28+t)
			}
		}
		a.label(fmt.Sprintf("sub%d", n))
		loadActs(a, n, width/16)
		switch {
		case width == 16:
			neon16(a, n)
		case wide:
			a.load("128(R10)", 28)
			neonWide(a, n)
		default:
			a.load("128(R10)", 28)
			neonSmall(a, n, bothHalves)
		}
		for t := range n {
			if width == 32 {
				a.word("VMLA4S", 28, 24+t, t)
			}
			a.add(width, actPointers[t])
		}
		a.add(neon.subBytes(width), "R10")
		a.loop("R0", fmt.Sprintf("sub%d", n))

		a.blank()
		a.note("acc = fma(isum, d*D, acc)")
		tail256NEON(a, n, width, hasMin)
		a.add(4, "R20")
		a.add(neon.block256(width, hasMin)-neon.tail256(width), "R10")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		a.add(16, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
		if hasMin {
			a.op("MOVD", "$%d, R12", n)
			a.op("MADD", "R22, R9, R12, R9")
		}
	})
}

// neon16 multiplies 16 weights of each of 4 rows and adds scale·sum to isum.
func neon16(a *asm, tokens int) {
	for r := range 4 {
		a.load(at(16*r, "R10"), 8+r)
	}
	a.load("64(R10)", 12)
	product := func(r, t int) int { return 16 + 2*t + r%2 }
	if tokens == 1 {
		product = func(r, t int) int { return 16 + r }
	}
	for first := 0; first < 4; first += 2 {
		for _, mul := range []string{"VSMULL", "VSMLAL2"} {
			for r := first; r < first+2; r++ {
				for t := range tokens {
					a.word(mul, 4+t, 8+r, product(r, t))
				}
			}
		}
		for t := range tokens {
			a.vec("VADDP", "H8", product(first+1, t), product(first, t), []int{24 + t, product(2, t)}[first/2])
		}
	}
	for t := range tokens {
		a.vec("VADDP", "H8", product(2, t), 24+t, 24+t)
	}
	for t := range tokens {
		a.word("VSMLAL4S", 12, 24+t, t)
		a.word("VSMLAL24S", 12, 24+t, 28+t)
	}
}

// tail256NEON ends a super-block: it adds the sums to the accumulators.
//
//	V4-V5     the token's sums of activations
//	V6        accumulators
//	V7, V9    d*D, dmin*D
//	V8        msum
//	V10, V11  d, dmin
//	V12       D
//	V16-V23   minima
func tail256NEON(a *asm, n, width int, hasMin bool) {
	a.load("(R10)", 10)
	if hasMin {
		a.load("16(R10)", 11)
		for i := 0; i < minima(width)/2; i += 2 {
			a.load2(at(32+16*i, "R10"), 16+i, 17+i)
		}
		a.op("MOVD", "R23, R25")
	}
	a.op("MOVD", "R20, R21")
	for t := range n {
		if width == 16 {
			a.vec("VADDP", "S4", 28+t, t, t)
		}
		a.load(at(64*t, "R11"), 6)
		a.op("FMOVS", "(R21), F12")
		a.word("VFMULS", 12, 0, 10, 7)
		a.word("VSCVTF", t, t)
		if hasMin {
			a.load2("(R25)", 4, 5)
			if width == 32 {
				a.vec("VADDP", "H8", 5, 4, 4)
			}
			a.word("VFMULS", 12, 0, 11, 9)
			a.bytes(0, 8)
			for j := 0; j < minima(width); j += 2 {
				a.word("VSMLALH", 4+j/8, j%8, 16+j/2, 8)
				a.word("VSMLAL2H", 4+j/8, j%8+1, 16+j/2, 8)
			}
			a.word("VSCVTF", 8, 8)
		}
		a.vec("VFMLA", "S4", 7, t, 6)
		if hasMin {
			a.vec("VFMLS", "S4", 9, 8, 6)
			if t < n-1 {
				a.op("ADD", "R22, R25")
			}
		}
		a.store(6, at(64*t, "R11"))
		if t < n-1 {
			a.op("ADD", "R8, R21")
		}
	}
	if hasMin {
		a.add(32, "R23")
	}
}
