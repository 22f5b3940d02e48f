package main

// A layout is the order of a panel that one instruction set wants. A panel of 16
// rows is fours of rows, each with all its blocks in turn. A packed block is its
// sub-blocks of 32 (or 16) weights a row that share a scale, each with its scales;
// then what the block has once.
//
//	SDOT  A vector is 4 weights each of 4 rows, so that the lanes of sums are
//	      rows.
//	I8MM  A vector is 8 weights each of 2 rows.
//	NEON  A vector is 16 weights of a row.
//
// 16 weights of each of the four rows are four vectors in any layout.
type layout struct {
	isa string
	// lanes is the bytes of one 32-bit number for each of the four rows: I8MM
	// keeps them twice, r0 r1 r0 r1 r2 r3 r2 r3, as its sums of two tokens lie.
	lanes int
	// minimum is the bytes of one: NEON has them as int16.
	minimum int
}

var (
	sdot = layout{"SDOT", 16, 1}
	i8mm = layout{"I8MM", 32, 1}
	neon = layout{"NEON", 16, 2}
)

var layouts = []layout{sdot, i8mm, neon}

// A quad is four vector registers, of four rows at first.
type quad [4]int

func regs(first int) quad { return quad{first, first + 1, first + 2, first + 3} }

// arrange turns 16 bytes each of four rows into the four vectors that the layout
// wants, and returns their registers and four free ones.
func (l layout) arrange(a *asm, q, tmp quad) (out, free quad) {
	switch l {
	case sdot:
		transpose(a, q, tmp)
	case i8mm: // halves of neighbouring rows side by side
		for p := 0; p < 4; p += 2 {
			a.vec("VZIP1", "D2", q[p+1], q[p], tmp[p])
			a.vec("VZIP2", "D2", q[p+1], q[p], tmp[p+1])
		}
		return tmp, q
	}
	return q, tmp
}

// transpose makes vector i of the i-th 4 bytes of each row.
func transpose(a *asm, q, tmp quad) {
	a.vec("VTRN1", "S4", q[1], q[0], tmp[0])
	a.vec("VTRN2", "S4", q[1], q[0], tmp[1])
	a.vec("VTRN1", "S4", q[3], q[2], tmp[2])
	a.vec("VTRN2", "S4", q[3], q[2], tmp[3])
	a.vec("VTRN1", "D2", tmp[2], tmp[0], q[0])
	a.vec("VTRN1", "D2", tmp[3], tmp[1], q[1])
	a.vec("VTRN2", "D2", tmp[2], tmp[0], q[2])
	a.vec("VTRN2", "D2", tmp[3], tmp[1], q[3])
}

// subBytes is the size of a sub-block with its scales.
func (l layout) subBytes(width int) int { return 4*width + l.lanes }

// block32 is the size of a block of a 32-wide format: weights, scales, minima.
func (l layout) block32(hasMin bool) int { return 4*32 + l.lanes*(1+btoi(hasMin)) }

// tail256 is the offset in a super-block of its scales, minima's scales and
// minima, which follow the sub-blocks.
func (l layout) tail256(width int) int { return 256 / width * l.subBytes(width) }

// block256 is the size of a super-block; there are as many minima as sub-blocks,
// or none.
func (l layout) block256(width int, hasMin bool) int {
	n := l.tail256(width) + l.lanes
	if hasMin {
		n += l.lanes + 4*256/width*l.minimum
	}
	return n
}

// putLanes stores four 32-bit numbers, one a row; tmp is a free register.
func (l layout) putLanes(a *asm, v, tmp, off int) {
	if l != i8mm {
		a.store(v, at(off, "R10"))
		return
	}
	a.op("VDUP", "V%d.D[0], V%d.D2", v, tmp)
	a.op("VDUP", "V%d.D[1], V%d.D2", v, v)
	a.store2(tmp, v, at(off, "R10"))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}
