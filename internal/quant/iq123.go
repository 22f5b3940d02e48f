package quant

import (
	"encoding/binary"
	"math/bits"

	"alpaca/internal/quant/codebook"
	"alpaca/internal/quant/codec"
)

// The formats IQ1, IQ2 and IQ3 have blocks of 256 weights, in groups of eight or four. A group
// is stored as the index of an entry of a codebook. In IQ2 and IQ3, the signs are stored
// separately. This program can read these formats but not write them. An encoder needs an
// importance matrix to find the best entries, and as much code as the encoder of llama.cpp.
//
// In all of them D is a float16. Each run of 16 or 32 weights has a
// scale s of 3 or 4 bits, which stands for the factor 2s+1.

// IQ2_XXS: w = D/8 * (2s+1) * entry. 2.0625 bits a weight.
//
//	offset  size
//	     0     2  D
//	     2    64  for each 32 weights: first 4 bytes, each the index of an entry; then 32 bits
//	              with four times 7 bits of signs, from the lowest bit on, and s in the highest 4
func unpackIQ2_XXS(block []byte, b *SuperBlock) {
	b.D = codec.F16At(block) * 0.125
	book := codebook.IQ2XXS()
	for g := range 8 {
		at := block[2+8*g:]
		high := binary.LittleEndian.Uint32(at[4:])
		for j := range 4 {
			b.group8(32*g+8*j, book[at[j]], signs7(high>>(7*j)))
		}
		b.scale32(g, int16(high>>28))
	}
}

// IQ2_XS: w = D/8 * (2s+1) * entry. 2.3125 bits a weight.
//
//	offset  size
//	     0     2  D
//	     2    64  for each 8 weights, 16 bits: 9 bits of the entry's index, then 7 bits of signs
//	    66     8  for each 16 weights, 4 bits of s, the lower nibble first
func unpackIQ2_XS(block []byte, b *SuperBlock) {
	b.D = codec.F16At(block) * 0.125
	book := codebook.IQ2XS()
	for g := range 32 {
		word := binary.LittleEndian.Uint16(block[2+2*g:])
		b.group8(8*g, book[word&511], signs7(uint32(word>>9)))
	}
	b.scale16(block[66:74])
}

// IQ2_S: w = D/8 * (2s+1) * entry. 2.5625 bits a weight.
//
//	offset  size
//	     0     2  D
//	     2    32  for each 8 weights, the lower 8 bits of the entry's index
//	    34    32  for each 8 weights, 8 signs
//	    66     8  for each 8 weights, the higher 2 bits of the entry's index
//	    74     8  for each 16 weights, 4 bits of s, the lower nibble first
func unpackIQ2_S(block []byte, b *SuperBlock) {
	b.D = codec.F16At(block) * 0.125
	book := codebook.IQ2S()
	for g := range 32 {
		entry := int(block[2+g]) | int(block[66+g/4]>>(2*(g%4))&3)<<8
		b.group8(8*g, book[entry], block[34+g])
	}
	b.scale16(block[74:82])
}

// IQ3_XXS: w = D/4 * (2s+1) * entry. 3.0625 bits a weight.
//
//	offset  size
//	     0     2  D
//	     2    64  for each 4 weights, the index of the entry
//	    66    32  for each 32 weights, 32 bits with four times 7 bits of signs, from the lowest
//	              bit on, and s in the highest 4
func unpackIQ3_XXS(block []byte, b *SuperBlock) {
	b.D = codec.F16At(block) * 0.25
	book := codebook.IQ3XXS()
	for g := range 8 {
		high := binary.LittleEndian.Uint32(block[66+4*g:])
		for j := range 4 {
			at := block[2+8*g+2*j:]
			b.group4(32*g+8*j, book[at[0]], book[at[1]], signs7(high>>(7*j)))
		}
		b.scale32(g, int16(high>>28))
	}
}

// IQ3_S: w = D * (2s+1) * entry. 3.4375 bits a weight.
//
//	offset  size
//	     0     2  D
//	     2    64  for each 4 weights, the lower 8 bits of the entry's index
//	    66     8  for each 4 weights, the ninth bit of the entry's index
//	    74    32  for each 8 weights, 8 signs
//	   106     4  for each 32 weights, 4 bits of s, the lower nibble first
func unpackIQ3_S(block []byte, b *SuperBlock) {
	b.D = codec.F16At(block)
	book := codebook.IQ3S()
	entry := func(i int) uint32 {
		return book[int(block[2+i])|int(block[66+i/8]>>(i%8)&1)<<8]
	}
	for g := range 32 {
		b.group4(8*g, entry(2*g), entry(2*g+1), block[74+g])
	}
	for g := range 8 {
		b.scale32(g, int16(block[106+g/2]>>(4*(g%2))&15))
	}
}

// IQ1_S: w = D/8 * (2s+1) * (8 entry ± 1). 1.5625 bits a weight.
//
//	offset  size
//	     0     2  D
//	     2    32  for each 8 weights, the lower 8 bits of the entry's index
//	    34    16  for each 32 weights, 16 bits: four times the higher 3 bits of an entry's
//	              index, then 3 bits of s, and 1 bit that says whether 1 is subtracted
func unpackIQ1_S(block []byte, b *SuperBlock) {
	b.D = codec.F16At(block) * 0.125
	for g := range 8 {
		high := binary.LittleEndian.Uint16(block[34+2*g:])
		for j := range 4 {
			b.groupIQ1(32*g+8*j, int(block[2+4*g+j])|int(high>>(3*j)&7)<<8, high>>15 != 0)
		}
		b.scale32(g, int16(high>>12&7))
	}
}

// IQ1_M: w = D/8 * (2s+1) * (8 entry ± 1). 1.75 bits a weight.
//
//	offset  size
//	     0    32  for each 8 weights, the lower 8 bits of the entry's index
//	    32    16  for each 8 weights, 4 bits, the lower nibble first: the higher 3 bits of the
//	              entry's index, and 1 bit that says whether 1 is subtracted
//	    48     8  for each 64 weights, 16 bits: four times 3 bits of s, each for 16 weights, and
//	              4 bits of D, the lowest bits of D first
func unpackIQ1_M(block []byte, b *SuperBlock) {
	var d uint16
	for i := range 4 {
		word := binary.LittleEndian.Uint16(block[48+2*i:])
		d |= word >> 12 << (4 * i)
		for j := range 4 {
			b.Sc[4*i+j] = int16(2*(word>>(3*j)&7) + 1)
		}
	}
	b.D = codec.F16ToF32(d) * 0.125
	for g := range 32 {
		high := block[32+g/2] >> (4 * (g % 2))
		b.groupIQ1(8*g, int(block[g])|int(high&7)<<8, high&8 != 0)
	}
}

// signs7 returns the signs of eight weights. The number of negative signs is even, so the last
// sign follows from the 7 stored ones.
func signs7(x uint32) byte {
	x &= 127
	return byte(x | uint32(bits.OnesCount32(x)&1)<<7)
}

// Constants with the same byte eight times.
const (
	eachOne  = 0x0101010101010101
	eachLow7 = 0x7f7f7f7f7f7f7f7f
	eachTop  = 0x8080808080808080
)

// group8 sets b.Q[at:at+8] to an entry. Bit i of signs makes the i-th of these weights negative.
// group8 changes all eight at once: it negates a byte by inverting its bits and adding 1. No byte
// of an entry is 0, so the addition does not carry into the next byte.
func (b *SuperBlock) group8(at int, entry uint64, signs byte) {
	bit := uint64(signs) * eachOne & 0x8040201008040201 // bit i of signs in byte i
	one := (bit + eachLow7) >> 7 & eachOne              // 1 where the bit is set
	b.put8(at, (entry^one*255)+one)
}

// group4 does what group8 does, with two entries of four weights.
func (b *SuperBlock) group4(at int, first, second uint32, signs byte) {
	b.group8(at, uint64(first)|uint64(second)<<32, signs)
}

// groupIQ1 sets b.Q[at:at+8] to eight times an entry, plus 1.
// If less is true, it subtracts 1 instead.
func (b *SuperBlock) groupIQ1(at, entry int, less bool) {
	delta := uint64(eachOne)
	if less {
		delta *= 255 // -1 in each byte
	}
	// Multiply each byte by 8: its lower five bits move up by three. Then add delta,
	// the highest bit of each byte separately, so that no byte carries into the next.
	v := codebook.IQ1()[entry] << 3 & 0xf8f8f8f8f8f8f8f8
	b.put8(at, (v&eachLow7+delta&eachLow7)^(v^delta)&eachTop)
}

// put8 sets b.Q[at:at+8] to the bytes of v, the lowest first.
func (b *SuperBlock) put8(at int, v uint64) {
	q := b.Q[at : at+8 : at+8]
	q[0], q[1], q[2], q[3] = int8(v), int8(v>>8), int8(v>>16), int8(v>>24)
	q[4], q[5], q[6], q[7] = int8(v>>32), int8(v>>40), int8(v>>48), int8(v>>56)
}

// scale32 sets the factor of weights 32g to 32g+31 from their scale s.
func (b *SuperBlock) scale32(g int, s int16) { b.Sc[2*g], b.Sc[2*g+1] = 2*s+1, 2*s+1 }

// scale16 sets the factors of all 16 runs from their scales, which have 4 bits each.
func (b *SuperBlock) scale16(list []byte) {
	for i := range b.Sc {
		b.Sc[i] = int16(2*(list[i/2]>>(4*(i%2))&15) + 1)
	}
}
