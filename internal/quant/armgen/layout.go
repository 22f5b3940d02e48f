package main

// A layout is the order of a panel of 16 rows that one instruction set wants. A
// panel is runs of a few rows, each run all blocks in turn:
//
//	SDOT  runs of 8 rows. A vector is 4 weights each of 4 rows, so that the
//	      lanes of sums are rows.
//	I8MM  one run of 16 rows. A vector is 8 weights each of 2 rows.
//	NEON  runs of 4 rows. A vector is 16 weights of a row.
//
// A sub-block is 32 (or 16) weights of each row that share a scale.
type layout struct {
	isa  string
	rows int // in a run
	// lanes is the bytes of one 32-bit number for each row of a run: I8MM
	// keeps them twice, r0 r1 r0 r1, as its sums of two tokens lie.
	lanes int
}

var (
	sdot = layout{"SDOT", 8, 8 * 4}
	i8mm = layout{"I8MM", 16, 16 * 4 * 2}
	neon = layout{"NEON", 4, 4 * 4}
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

// weights returns the offset in a sub-block, of that many weights a row, of
// arranged vector i of the first or second 16 weights of the four rows.
func (l layout) weights(width, half, i int) int {
	switch l {
	case sdot:
		return (4*half + i) * 32
	case i8mm:
		return (2*half+i%2)*128 + i/2*16
	}
	return i*width + half*16
}

// subBytes is the size of a sub-block with its scales.
func (l layout) subBytes(width int) int { return l.rows*width + l.lanes }

// block32 is the size of a block of a 32-wide format: weights, scales, minima.
func (l layout) block32(hasMin bool) int {
	return l.rows*32 + l.lanes*(1+btoi(hasMin))
}

// tail256 is the offset in a super-block of its scales, minima's scale and
// minima, which follow the sub-blocks.
func (l layout) tail256(width int) int { return 256 / width * l.subBytes(width) }

// block256 is the size of a super-block with that many minima: 0, 8 or 16.
func (l layout) block256(width, minima int) int {
	n := l.tail256(width) + l.lanes
	if minima == 0 {
		return n
	}
	bytes := 1
	if l == neon {
		bytes = 2
	}
	return n + l.lanes + l.rows*minima*bytes
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
