package quant

// Q2_K: 256 weights of 2 bits in 16 runs of 16, each with a scale and a minimum
// of 4 bits: w[i] = (D*sc[i/16])*q[i] - DMin*mn[i/16]. 2.625 bits a weight.
//
//	offset  size
//	     0    16  Scales[s] = sc[s] | mn[s]<<4
//	    16    64  Qs[32h+l]: bits 2g and 2g+1 are q[128h+32g+l], 0 ≤ h < 2, 0 ≤ g < 4, 0 ≤ l < 32
//	    80     2  D, float16
//	    82     2  DMin, float16
func unpackQ2_K(block []byte, s *superBlock) {
	block = block[:84]
	s.d, s.dmin = f16At(block[80:]), f16At(block[82:])
	for j, b := range block[:16] {
		s.sc[j] = int16(b & 15)
		s.mn[j] = int16(b >> 4)
	}
	unpack2(block[16:80], &s.q)
}

// unpack2 unpacks 256 numbers of 2 bits from 64 bytes, in the order that Q2_K,
// Q3_K and TQ2_0 share.
func unpack2(qs []byte, q *[256]int8) {
	for h := range 2 {
		half := q[128*h : 128*h+128]
		for l, b := range qs[32*h : 32*h+32] {
			half[l] = int8(b & 3)
			half[l+32] = int8(b >> 2 & 3)
			half[l+64] = int8(b >> 4 & 3)
			half[l+96] = int8(b >> 6)
		}
	}
}
