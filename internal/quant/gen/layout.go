package main

// A layout is the order of the numbers in a panel, for one instruction set. A panel
// of 16 rows has four groups of four rows. A group has all its blocks one after the
// other. A packed block begins with its sub-blocks, each of which ends with its
// scales. In a sub-block, 32 (or 16) weights of a row share a scale. Numbers that
// belong to the whole block, such as the scale of a super-block, come last.
//
//	SDOT  A vector is 4 weights of each of 4 rows, so that the lanes of sums are rows.
//	I8MM  A vector is 8 weights of each of 2 rows.
//	NEON  A vector is 16 weights of a row.
//
// In every layout, 16 weights of each of four rows take four vectors.
type layout struct {
	isa string
	// lanes is the size in bytes of four 32-bit numbers, one for each row. In I8MM, they
	// are stored twice, in the order of the sums for two tokens: rows 0 1 0 1 2 3 2 3.
	lanes int
	// minimum is the size of a minimum in bytes. NEON needs minima as int16.
	minimum int
}

var (
	sdot = layout{"SDOT", 16, 1}
	i8mm = layout{"I8MM", 32, 1}
	neon = layout{"NEON", 16, 2}
)

var layouts = []layout{sdot, i8mm, neon}

// A quad is four vector registers, which hold bytes of four rows.
type quad [4]int

func regs(first int) quad { return quad{first, first + 1, first + 2, first + 3} }

// arrange turns 16 bytes of each of four rows, one row in each register of q, into the
// four vectors of the layout. It returns their registers, and four free registers.
func (l layout) arrange(a *asm, q, tmp quad) (out, free quad) {
	switch l {
	case sdot:
		transpose(a, q, tmp)
	case i8mm: // put halves of neighbouring rows side by side
		for p := 0; p < 4; p += 2 {
			a.vec("VZIP1", "D2", q[p+1], q[p], tmp[p])
			a.vec("VZIP2", "D2", q[p+1], q[p], tmp[p+1])
		}
		return tmp, q
	}
	return q, tmp
}

// transpose sets vector i to bytes 4i to 4i+3 of each row.
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

// subBytes returns the size of a sub-block with its scales.
func (l layout) subBytes(width int) int { return 4*width + l.lanes }

// block32 returns the size of a packed block of 32: weights, scales and minima of four rows.
func (l layout) block32(hasMin bool) int { return 4*32 + l.lanes*(1+btoi(hasMin)) }

// tail256 returns the size of all sub-blocks of a packed super-block. After the sub-blocks come the
// super-block's scales, then the scales of the minima, and then the minima.
func (l layout) tail256(width int) int { return 256 / width * l.subBytes(width) }

// block256 returns the size of a packed super-block of four rows. If the
// format has minima, each row has one for each sub-block.
func (l layout) block256(width int, hasMin bool) int {
	n := l.tail256(width) + l.lanes
	if hasMin {
		n += l.lanes + 4*256/width*l.minimum
	}
	return n
}

// Register v has a 32-bit number for each of four rows. putLanes stores these numbers at the offset
// off from R10. tmp is a free register.
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
