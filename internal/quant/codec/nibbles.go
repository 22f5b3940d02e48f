package codec

// nibbles describes how a block stores 32 integers of 4 or 5 bits. If they have 5
// bits, the first 4 bytes are their highest bits: bit j belongs to integer j. The
// next 16 bytes have integers 0 to 15 in their low nibbles and integers 16 to 31
// in their high nibbles. Each stored number is the integer plus offset.
type nibbles struct {
	five   bool
	offset int8
}

var (
	nibblesQ4_0 = nibbles{offset: 8}
	nibblesQ4_1 = nibbles{}
	nibblesQ5_0 = nibbles{five: true, offset: 16}
	nibblesQ5_1 = nibbles{five: true}
)

// size returns how many bytes 32 integers take.
func (n nibbles) size() int {
	if n.five {
		return 20
	}
	return 16
}

// at returns integer j of a block b.
func (n nibbles) at(b []byte, j int) int8 { return int8(Nibble(b, j)) - n.offset }

// Nibble returns the stored bits of integer j. b is a block without its scales:
// 16 bytes with integers of 4 bits, or 20 bytes with integers of 5 bits.
func Nibble(b []byte, j int) byte {
	q := b[len(b)-16+j%16] >> (j / 16 * 4) & 15
	if len(b) == 20 {
		q |= b[j/8] >> (j % 8) & 1 << 4
	}
	return q
}

// widenGeneric sets dst[32i+j] = q[i][j] * scale[j] + least[j] and rounds each operation. q has
// 32 blocks of integers. least may be nil.
func (n nibbles) widenGeneric(dst *[1024]float32, q []byte, scale, least *[32]float32) {
	for i := range 32 {
		b, row := q[i*n.size():][:n.size()], dst[32*i:32*i+32]
		for j := range row {
			row[j] = float32(float32(n.at(b, j)) * scale[j])
			if least != nil {
				row[j] += least[j]
			}
		}
	}
}
