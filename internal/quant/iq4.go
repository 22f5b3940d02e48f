package quant

// The two formats whose 4-bit codes stand for the 16 unequal steps of iq4Values,
// denser around zero where most weights are.

// iq4Values are the weights that the codes 0 to 15 stand for.
var iq4Values = [16]int8{-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113}

// IQ4_NL: 32 weights of 4 bits, w[j] = D * iq4Values[q[j]]. 4.5 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2    16  Qs[j] = q[j] | q[j+16]<<4, 0 ≤ j < 16
func unpackIQ4_NL(block []byte, q *[32]int8) (d, m float32) {
	block = block[:18]
	for j, b := range block[2:] {
		q[j] = iq4Values[b&15]
		q[j+16] = iq4Values[b>>4]
	}
	return f16At(block), 0
}

// IQ4_XS: 256 weights of 4 bits in 8 runs of 32, each with a 6-bit scale:
// w[i] = (D * (s[i/32] - 32)) * iq4Values[q[i]]. 4.25 bits a weight.
//
//	offset  size
//	     0     2  D, float16
//	     2     2  ScalesH, little-endian: bits 2b and 2b+1 are the high bits of s[b], 0 ≤ b < 8
//	     4     4  ScalesL[b/2] = s[b]&15 | (s[b+1]&15)<<4, b even
//	     8   128  Qs[16b+j] = q[32b+j] | q[32b+j+16]<<4, 0 ≤ j < 16
func unpackIQ4_XS(block []byte, s *superBlock) {
	block = block[:136]
	s.d = f16At(block)
	high := uint16(block[2]) | uint16(block[3])<<8
	for b := range 8 {
		scale := block[4+b/2]>>(4*(b&1))&15 | byte(high>>(2*b)&3)<<4
		s.sc[2*b] = int16(scale) - 32
		s.sc[2*b+1] = int16(scale) - 32
		q := s.q[32*b : 32*b+32]
		for j, c := range block[8+16*b : 24+16*b] {
			q[j] = iq4Values[c&15]
			q[j+16] = iq4Values[c>>4]
		}
	}
}
