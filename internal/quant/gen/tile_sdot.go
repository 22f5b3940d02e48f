package main

import "fmt"

// tilesSDOT generates the tile functions of SDOT, which multiply 8 rows with 4 tokens or with one.
func tilesSDOT(a *asm) {
	for _, hasMin := range []bool{false, true} {
		tile32SDOT(a, hasMin)
	}
	for _, width := range []int{32, 16} {
		for _, hasMin := range []bool{false, true} {
			tile256SDOT(a, width, hasMin)
		}
	}
}

// sdotRows multiplies 16 weights of each of 8 rows with activations. The weights are
// at the offset off from R10 and R26, and the activations are at the offset actOff
// from their pointers. sums[2*t+g] += w[g]·a[t], where w[g] is group g of four rows.
func sdotRows(a *asm, tokens, sums, off, actOff int) {
	const acts, weights = 16, 20
	for t := range tokens {
		a.load(at(actOff, actPointers[t]), acts+t)
	}
	for k := 0; k < 4; k += 2 {
		w := weights + 2*k
		a.load2(at(off+16*k, "R10"), w, w+1)
		a.load2(at(off+16*k, "R26"), w+2, w+3)
		for i := range 2 {
			for t := range tokens {
				a.word("VSDOT4B", acts+t, k+i, w+i, sums+2*t)
				a.word("VSDOT4B", acts+t, k+i, w+2+i, sums+2*t+1)
			}
		}
	}
}

// eachRun begins a loop over the two groups of 8 rows of
// a panel. A block of four rows has blockBytes bytes.
func eachRun(a *asm, n, blockBytes int) {
	a.op("MOVD", "R1, R26")
	a.op("MOVD", "R4, R11")
	a.op("MOVD", "$2, R12")
	a.label(fmt.Sprintf("rows%d", n))
	a.op("MOVD", "R26, R10")
	a.op("MOVD", "$%d, R24", blockBytes)
	a.op("MADD", "R24, R10, R2, R26")
}

// load2of loads a vector of each of the two groups of four rows.
func load2of(a *asm, off, dst int) {
	a.load(at(off, "R10"), dst)
	a.load(at(off, "R26"), dst+1)
}

// tile32SDOT generates the tile function of the formats with blocks of 32 weights. The comment of
// tileStart explains d, D, m and DS.
func tile32SDOT(a *asm, hasMin bool) {
	name := "tileB32" + minName(hasMin) + "SDOT"
	tileStart(a, name, "Blocks of 32 weights: acc = fma(sum, d*D, acc)"+map[bool]string{true: ", acc = fma(m, DS, acc)"}[hasMin]+".")
	a.top(map[bool]string{true: "//\tR9 distance in bytes from a D to its DS\n"}[hasMin] +
		"//\tR10, R26 the current block of rows 0 to 3 and of rows 4 to 7\n//\tR12 groups of 8 rows left\n" +
		"//\tR11 accumulators of the current rows\n//\tR13-R15, R19 activations of the tokens\n" +
		"//\tR20 scale of the first token\n//\tR21 scale of the current token\n//\tR24 blocks left\n" +
		"//\tV0-V7 accumulators, [token][4 rows]\n//\tV8-V15 sums\n//\tV16-V19 activations\n" +
		"//\tV20-V27 weights\n//\tV28-V29 d\n//\tV30-V31 d*D")
	tileArgs(a, name)
	if hasMin {
		a.op("MOVD", "tileArgs_DS(R0), R9")
		a.op("SUB", "R7, R9")
	}
	byTokens(a, 64, []int{4, 1}, func(n int) {
		eachRun(a, n, sdot.block32(hasMin))
		for t := range n {
			a.load2(at(64*t, "R11"), 2*t, 2*t+1)
		}
		pointActs(a, n)
		a.op("MOVD", "R7, R20")
		a.op("MOVD", "R2, R24")
		a.label(fmt.Sprintf("block%d", n))
		for v := range 2 * n {
			a.bytes(0, 8+v)
		}
		for half := range 2 {
			sdotRows(a, n, 8, 64*half, 16*half)
		}
		a.note("acc = fma(sum, d*D, acc)")
		load2of(a, 128, 28)
		if hasMin {
			load2of(a, 128+16, 26)
		}
		a.op("MOVD", "R20, R21")
		for t := range n {
			// V20-V25 are free.
			a.op("FMOVS", "(R21), F20")
			if hasMin {
				a.op("FMOVS", "(R21)(R9), F21")
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
			a.add(32, actPointers[t])
		}
		a.add(4, "R20")
		a.add(sdot.block32(hasMin), "R10")
		a.add(sdot.block32(hasMin), "R26")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		for t := range n {
			a.store2(2*t, 2*t+1, at(64*t, "R11"))
		}
		a.add(32, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
	})
}

func tile256SDOT(a *asm, width int, hasMin bool) {
	name := fmt.Sprintf("tileK%d%sSDOT", width, minName(hasMin))
	doc := fmt.Sprintf("K-quants with sub-blocks of %d: acc = fma(isum, d*D, acc), where isum adds\nscale·sum of all sub-blocks", width)
	if hasMin {
		doc += minimaByBytes
	}
	tileStart(a, name, doc+".")
	a.top("//\tR10, R26 the current sub-block of rows 0 to 3 and of rows 4 to 7, then the data after the sub-blocks\n" +
		"//\tR11 accumulators of the current rows\n//\tR12 groups of 8 rows left\n" +
		"//\tR13-R15, R19 activations of the tokens\n//\tR20 scale of the first token\n//\tR21 scale of the current token\n" +
		map[bool]string{true: "//\tR22 bytes from one token's sums of activations to the next token's\n//\tR9 all sums of activations\n//\tR23 the block's sums of activations\n//\tR25 the current token's sums of activations\n"}[hasMin] +
		"//\tR0 sub-blocks left\n//\tR24 blocks left\n" +
		"//\tV0-V7 sums of the sub-block, [token][4 rows]\n//\tV8-V15 isum\n" +
		"//\tV16-V19 activations\n//\tV20-V27 weights\n//\tV28-V29 scales" + map[bool]string{true: "\n//\tV30 63 in each int16"}[hasMin])
	tileArgs(a, name)
	if hasMin {
		a.op("MOVD", "tileArgs_Sums(R0), R9")
		a.op("MOVD", "tileArgs_SStride(R0), R22")
		a.bytes(63, 30)
		a.shift("VUSHR", "H8", 8, 30, 30)
	}
	steps := []int{4, 1}
	byTokens(a, 64, steps, func(n int) {
		eachRun(a, n, sdot.block256(width, hasMin))
		pointActs(a, n)
		a.op("MOVD", "R7, R20")
		if hasMin {
			a.op("MOVD", "R9, R23")
		}
		a.op("MOVD", "R2, R24")
		a.label(fmt.Sprintf("block%d", n))
		a.op("MOVD", "$%d, R0", 256/width)
		for v := range 2 * n {
			a.bytes(0, 8+v)
		}
		a.label(fmt.Sprintf("sub%d", n))
		for v := range 2 * n {
			a.bytes(0, v)
		}
		load2of(a, 4*width, 28)
		for half := range width / 16 {
			sdotRows(a, n, 0, 64*half, 16*half)
		}
		a.note("isum += scale * sum")
		for v := range 2 * n {
			a.word("VMLA4S", 28+v%2, v, 8+v)
		}
		for t := range n {
			a.add(width, actPointers[t])
		}
		a.add(sdot.subBytes(width), "R10")
		a.add(sdot.subBytes(width), "R26")
		a.loop("R0", fmt.Sprintf("sub%d", n))

		a.blank()
		a.note("acc = fma(isum, d*D, acc)")
		tail256SDOT(a, n, width, hasMin)
		a.add(4, "R20")
		a.add(sdot.block256(width, hasMin)-sdot.tail256(width), "R10")
		a.add(sdot.block256(width, hasMin)-sdot.tail256(width), "R26")
		a.loop("R24", fmt.Sprintf("block%d", n))
		a.blank()
		a.add(32, "R11")
		a.loop("R12", fmt.Sprintf("rows%d", n))
		if hasMin {
			a.op("MOVD", "$%d, R12", n)
			a.op("MADD", "R22, R9, R12, R9")
		}
	})
}

// tail256SDOT ends a super-block: it adds the sums in V8 and the next registers to the
// accumulators.
//
//	V0-V1    accumulators
//	V2-V3    d*D
//	V4-V7    the token's sums of activations
//	V16-V23  minima
//	V24-V27  d, dmin
//	V28      D
func tail256SDOT(a *asm, n, width int, hasMin bool) {
	load2of(a, 0, 24)
	if hasMin {
		load2of(a, 16, 26)
		for i := range minima(width) / 4 {
			load2of(a, 32+16*i, 16+2*i)
		}
		a.op("MOVD", "R23, R25")
	}
	a.op("MOVD", "R20, R21")
	for t := range n {
		a.load2(at(64*t, "R11"), 0, 1)
		a.op("FMOVS", "(R21), F28")
		for g := range 2 {
			a.word("VFMULS", 28, 0, 24+g, 2+g)
			a.word("VSCVTF", 8+2*t+g, 8+2*t+g)
		}
		for g := range 2 {
			a.vec("VFMLA", "S4", 2+g, 8+2*t+g, g)
		}
		if hasMin {
			a.load2("(R25)", 4, 5)
			low, high, elems := sumBytes(a, width, 30)
			msum := 8 + 2*t
			for g := range 2 {
				a.bytes(0, msum+g)
			}
			for e := range elems {
				for g := range 2 {
					a.word("VSDOT4B", high, e+(elems&2), 16+2*e+g, msum+g)
				}
			}
			for g := range 2 {
				a.shift("VSHL", "S4", 6, msum+g, msum+g)
			}
			for e := range elems {
				for g := range 2 {
					a.word("VSDOT4B", low, e, 16+2*e+g, msum+g)
				}
			}
			for g := range 2 {
				a.word("VFMULS", 28, 0, 26+g, 2+g)
				a.word("VSCVTF", msum+g, msum+g)
			}
			for g := range 2 {
				a.vec("VFMLS", "S4", 2+g, msum+g, g)
			}
			if t < n-1 {
				a.op("ADD", "R22, R25")
			}
		}
		a.store2(0, 1, at(64*t, "R11"))
		if t < n-1 {
			a.op("ADD", "R8, R21")
		}
	}
	if hasMin {
		a.add(32, "R23")
	}
}

// sumBytes cuts the sums of activations in V4 and V5 into bytes: sum = 64*high + low.
// Element e of register low has the low bytes for minima 4e to 4e+3, and element e of
// register high has the high bytes. If elems is 2, element 2+e of register high has
// them. mask is a register with 63 in each int16. sumBytes uses V6 and V7.
func sumBytes(a *asm, width, mask int) (low, high, elems int) {
	if width == 32 {
		a.vec("VADDP", "H8", 5, 4, 4)
		a.word("VSSHR8H", 6, 4, 5)
		a.vec("VAND", "B16", mask, 4, 4)
		a.vec("VUZP1", "B16", 5, 4, 4)
		return 4, 4, 2
	}
	a.word("VSSHR8H", 6, 4, 6)
	a.word("VSSHR8H", 6, 5, 7)
	a.vec("VAND", "B16", mask, 4, 4)
	a.vec("VAND", "B16", mask, 5, 5)
	a.vec("VUZP1", "B16", 5, 4, 4)
	a.vec("VUZP1", "B16", 7, 6, 5)
	return 4, 5, 4
}
