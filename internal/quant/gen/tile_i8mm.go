package main

import "fmt"

// tilesI8MM generates the tile functions of I8MM, which multiply 16 rows with 2 tokens. The
// instruction SMMLA multiplies 8 columns of 2 tokens with the same columns of 2 rows. Its
// four sums belong to t0r0, t0r1, t1r0 and t1r1, where t is the token and r is the row. If
// the number of tokens is odd, the last token is multiplied twice, as if it were two tokens.
func tilesI8MM(a *asm) {
	for _, hasMin := range []bool{false, true} {
		tile32I8MM(a, hasMin)
	}
	for _, width := range []int{32, 16} {
		for _, hasMin := range []bool{false, true} {
			tile256I8MM(a, width, hasMin)
		}
	}
}

// fours are the registers that point to the block of each group of four rows.
var fours = []string{"R10", "R12", "R25", "R26"}

func advanceFours(a *asm, n int) {
	for _, r := range fours {
		a.add(n, r)
	}
}

const registersI8MM = "//\tR10, R12, R25, R26 the current block of each group of four rows\n" +
	"//\tR13, R14 activations of the two tokens\n//\tR15, R19 scales of the two tokens\n" +
	"//\tR20, R21 accumulators of the two tokens\n//\tR11 blocks left"

// byPairs generates a loop that runs body for two tokens at a time, and then the
// return of the function. The loop sets R13 to R15 and R19 to R21 before body.
func byPairs(a *asm, blockBytes int, hasSums bool, body func()) {
	a.label("tokens")
	a.op("CBZ", "R3, done")
	a.note("Point to the second token. If only one token is left, point to that token again.")
	a.op("MOVD", "$64, R25")
	a.op("ADD", "R6, R5, R14")
	a.op("ADD", "R8, R7, R19")
	if hasSums {
		a.op("ADD", "R22, R9, R24")
	}
	a.op("CMP", "$2, R3")
	a.op("CSEL", "LT, ZR, R25, R25")
	a.op("CSEL", "LT, R5, R14, R14")
	a.op("CSEL", "LT, R7, R19, R19")
	if hasSums {
		a.op("CSEL", "LT, R9, R24, R24")
		a.op("MOVD", "R9, R23")
	}
	a.op("MOVD", "R5, R13")
	a.op("MOVD", "R7, R15")
	a.op("MOVD", "R4, R20")
	a.op("ADD", "R25, R4, R21")
	a.op("MOVD", "$%d, R11", blockBytes)
	a.op("MUL", "R2, R11, R11")
	a.op("MOVD", "R1, R10")
	for i := 1; i < 4; i++ {
		a.op("ADD", "R11, %s, %s", fours[i-1], fours[i])
	}
	a.op("MOVD", "R2, R11")
	body()
	a.op("ADD", "R6<<1, R5")
	a.op("ADD", "R8<<1, R7")
	if hasSums {
		a.op("ADD", "R22<<1, R9")
	}
	a.add(128, "R4")
	a.op("SUBS", "$2, R3")
	a.op("BGT", "tokens")
	a.label("done")
	a.op("RET", "")
}

// twoTokens sets dst to t0 t0 t1 t1. t0 is the number at addr0, which belongs to
// the first token. t1 is the number at addr1, which belongs to the second token.
func twoTokens(a *asm, addr0, addr1 string, tmp, dst int) {
	a.op("VLD1R", "%s, [V%d.S4]", addr0, dst)
	a.op("VLD1R", "%s, [V%d.S4]", addr1, tmp)
	a.vec("VTRN1", "D2", tmp, dst, dst)
}

// loadAccs loads the accumulators of 4 rows, from row i on, in the order of SMMLA's sums.
func loadAccs(a *asm, i, tmp, dst0, dst1 int) {
	a.load(at(4*i, "R20"), dst1)
	a.load(at(4*i, "R21"), tmp)
	a.vec("VTRN1", "D2", tmp, dst1, dst0)
	a.vec("VTRN2", "D2", tmp, dst1, dst1)
}

// storeAccs is the inverse of loadAccs.
func storeAccs(a *asm, i, tmp, src0, src1 int) {
	a.vec("VTRN1", "D2", src1, src0, tmp)
	a.vec("VTRN2", "D2", src1, src0, src1)
	a.store(tmp, at(4*i, "R20"))
	a.store(src1, at(4*i, "R21"))
}

// smmlaRows multiplies 16 weights of each of 16 rows with the activations of two tokens
// at actOff. The weights are at the offset off from the registers in fours. smmlaRows
// adds the four sums of rows 2p and 2p+1 to Vp, for p from 0 to 7. It uses V16 to V25.
func smmlaRows(a *asm, off, actOff int) {
	a.load(at(actOff, "R13"), 17)
	a.load(at(actOff, "R14"), 18)
	a.vec("VTRN1", "D2", 18, 17, 16)
	a.vec("VTRN2", "D2", 18, 17, 17)
	for p := 0; p < 8; p += 2 {
		w := 18 + p%4*2
		a.load2(at(off, fours[p/2]), w, w+1)
		a.load2(at(off+32, fours[p/2]), w+2, w+3)
		for octet := range 2 {
			a.word("VSMMLA", w+octet, 16+octet, p)
			a.word("VSMMLA", w+2+octet, 16+octet, p+1)
		}
	}
}

// tile32I8MM generates the tile function of the formats with blocks of 32 weights. The comment of
// tileStart explains d, D, m and DS.
func tile32I8MM(a *asm, hasMin bool) {
	name := "tileB32" + minName(hasMin) + "I8MM"
	tileStart(a, name, "Blocks of 32 weights: acc = fma(sum, d*D, acc)"+map[bool]string{true: ", acc = fma(m, DS, acc)"}[hasMin]+".")
	a.top("%s", registersI8MM)
	a.top(map[bool]string{true: "//\tR9 distance in bytes from a D to its DS\n//\tR23, R24 DS of the two tokens\n"}[hasMin] +
		"//\tV0-V7 sums\n//\tV8-V15 accumulators\n//\tV16-V17 activations\n//\tV18-V25 weights\n" +
		"//\tV24-V27 d, d*D\n//\tV28 D" + map[bool]string{true: "\n//\tV29 DS\n//\tV16-V17 m"}[hasMin])
	tileArgs(a, name)
	if hasMin {
		a.op("MOVD", "tileArgs_DS(R0), R9")
		a.op("SUB", "R7, R9")
	}
	byPairs(a, i8mm.block32(hasMin), false, func() {
		for i := 0; i < 8; i += 2 {
			loadAccs(a, 2*i, 16, 8+i, 9+i)
		}
		a.label("block")
		for p := range 8 {
			a.bytes(0, p)
		}
		for half := range 2 {
			smmlaRows(a, 64*half, 16*half)
		}
		a.note("acc = fma(sum, d*D, acc)")
		twoTokens(a, "(R15)", "(R19)", 16, 28)
		if hasMin {
			a.op("ADD", "R9, R15, R23")
			a.op("ADD", "R9, R19, R24")
			twoTokens(a, "(R23)", "(R24)", 16, 29)
		}
		for p := 0; p < 8; p += 2 {
			d := 24 + p%4
			a.load2(at(128, fours[p/2]), d, d+1)
			for i := range 2 {
				a.word("VFMUL", 28, d+i, d+i)
				a.word("VSCVTF", p+i, p+i)
			}
			for i := range 2 {
				a.vec("VFMLA", "S4", d+i, p+i, 8+p+i)
			}
			if hasMin {
				a.load2(at(128+32, fours[p/2]), 16, 17)
				a.vec("VFMLA", "S4", 29, 16, 8+p)
				a.vec("VFMLA", "S4", 29, 17, 9+p)
			}
		}
		for _, r := range []string{"R13", "R14"} {
			a.add(32, r)
		}
		for _, r := range []string{"R15", "R19"} {
			a.add(4, r)
		}
		advanceFours(a, i8mm.block32(hasMin))
		a.loop("R11", "block")
		a.blank()
		for i := 0; i < 8; i += 2 {
			storeAccs(a, 2*i, 16, 8+i, 9+i)
		}
	})
}

func tile256I8MM(a *asm, width int, hasMin bool) {
	name := fmt.Sprintf("tileK%d%sI8MM", width, minName(hasMin))
	doc := fmt.Sprintf("K-quants with sub-blocks of %d: acc = fma(isum, d*D, acc), where isum adds\nscale·sum of all sub-blocks", width)
	if hasMin {
		doc += minimaByBytes
	}
	tileStart(a, name, doc+".")
	a.top("%s", registersI8MM)
	a.top("//\tR0 sub-blocks left" + map[bool]string{true: "\n//\tR22 bytes from one token's sums of activations to the next token's\n//\tR9 all sums of activations\n//\tR23-R24 sums of activations of the two tokens"}[hasMin] + "\n" +
		"//\tV0-V7 sums of a sub-block\n//\tV8-V15 isum\n//\tV16-V17 activations\n//\tV18-V25 weights\n" +
		"//\tV26-V29 scales" + map[bool]string{true: "\n//\tV30 63 in each int16"}[hasMin])
	tileArgs(a, name)
	if hasMin {
		a.op("MOVD", "tileArgs_Sums(R0), R9")
		a.op("MOVD", "tileArgs_SStride(R0), R22")
		a.bytes(63, 30)
		a.shift("VUSHR", "H8", 8, 30, 30)
	}
	byPairs(a, i8mm.block256(width, hasMin), hasMin, func() {
		a.label("block")
		a.op("MOVD", "$%d, R0", 256/width)
		for p := range 8 {
			a.bytes(0, 8+p)
		}
		a.label("sub")
		for p := range 8 {
			a.bytes(0, p)
		}
		for half := range width / 16 {
			smmlaRows(a, 64*half, 16*half)
		}
		for p := 0; p < 8; p += 2 {
			s := 26 + p%4
			a.load2(at(4*width, fours[p/2]), s, s+1)
			a.word("VMLA4S", s, p, 8+p)
			a.word("VMLA4S", s+1, p+1, 9+p)
		}
		for _, r := range []string{"R13", "R14"} {
			a.add(width, r)
		}
		advanceFours(a, i8mm.subBytes(width))
		a.loop("R0", "sub")
		a.blank()
		a.note("acc = fma(isum, d*D, acc)")
		tail256I8MM(a, width, hasMin)
		for _, r := range []string{"R15", "R19"} {
			a.add(4, r)
		}
		advanceFours(a, i8mm.block256(width, hasMin)-i8mm.tail256(width))
		a.loop("R11", "block")
		a.blank()
	})
}

// tail256I8MM ends a super-block: it adds the sums in V8 to V15 to the accumulators.
//
//	V0-V7    msum
//	V16-V17  low bytes of sums of activations
//	V18-V19  high bytes of sums of activations
//	V20-V21  d*D, dmin*D
//	V22-V23  minima
//	V24-V27  accumulators
//	V28      D
func tail256I8MM(a *asm, width int, hasMin bool) {
	if hasMin {
		octets := 1
		a.load2("(R23)", 20, 21)
		a.load2("(R24)", 22, 23)
		if width == 32 {
			a.vec("VADDP", "H8", 21, 20, 20)
			a.vec("VADDP", "H8", 23, 22, 22)
		} else {
			octets = 2
		}
		for o := range octets {
			a.word("VSSHR8H", 6, 20+o, 24)
			a.word("VSSHR8H", 6, 22+o, 25)
			a.vec("VAND", "B16", 30, 20+o, 20+o)
			a.vec("VAND", "B16", 30, 22+o, 22+o)
			a.vec("VUZP1", "B16", 22+o, 20+o, 16+o)
			a.vec("VUZP1", "B16", 25, 24, 18+o)
		}
		for p := range 8 {
			a.bytes(0, p)
		}
		for _, bytes := range []int{18, 16} {
			for o := range octets {
				for p := 0; p < 8; p += 2 {
					a.load2(at(64+32*o, fours[p/2]), 22, 23)
					a.word("VSMMLA", 22, bytes+o, p)
					a.word("VSMMLA", 23, bytes+o, p+1)
				}
			}
			if bytes == 18 {
				for p := range 8 {
					a.shift("VSHL", "S4", 6, p, p)
				}
			}
		}
		for p := range 8 {
			a.word("VSCVTF", p, p)
		}
		for _, r := range []string{"R23", "R24"} {
			a.add(32, r)
		}
	}
	twoTokens(a, "(R15)", "(R19)", 16, 28)
	for p := 0; p < 8; p += 2 {
		acc := 24 + p%4
		loadAccs(a, 2*p, 16, acc, acc+1)
		a.load2(at(0, fours[p/2]), 20, 21)
		for i := range 2 {
			a.word("VFMUL", 28, 20+i, 20+i)
			a.word("VSCVTF", 8+p+i, 8+p+i)
		}
		for i := range 2 {
			a.vec("VFMLA", "S4", 20+i, 8+p+i, acc+i)
		}
		if hasMin {
			a.load2(at(32, fours[p/2]), 20, 21)
			for i := range 2 {
				a.word("VFMUL", 28, 20+i, 20+i)
			}
			for i := range 2 {
				a.vec("VFMLS", "S4", 20+i, p+i, acc+i)
			}
		}
		storeAccs(a, 2*p, 16, acc, acc+1)
	}
}
