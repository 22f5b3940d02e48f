package quant

// Q3_K: 256 weights of 3 bits in 16 runs of 16, each with a scale of 6 bits:
// w[i] = (D * (sc[i/16] - 32)) * (q[i] - 4). 3.4375 bits a weight.
//
//	offset  size
//	     0    32  HMask[l]: bit b is the highest bit of q[32b+l], 0 ≤ b < 8
//	    32    64  Qs[32h+l]: bits 2g and 2g+1 are q[128h+32g+l]&3, 0 ≤ h < 2, 0 ≤ g < 4, 0 ≤ l < 32
//	    96     8  ScalesL[s] = sc[s]&15 | (sc[s+8]&15)<<4, 0 ≤ s < 8
//	   104     4  ScalesH[k]: bits 2g and 2g+1 are sc[4g+k]>>4, 0 ≤ g < 4
//	   108     2  D, float16
func unpackQ3_K(block []byte, s *superBlock) {
	block = block[:110]
	s.d = f16At(block[108:])
	low, high := block[96:104], block[104:108]
	for j := range s.sc {
		scale := low[j%8]>>(4*(j/8))&15 | high[j%4]>>(2*(j/4))&3<<4
		s.sc[j] = int16(scale) - 32
	}
	unpack2(block[32:96], &s.q)
	for l, mask := range block[:32] {
		for b := range 8 {
			s.q[32*b+l] += int8(mask>>b&1<<2) - 4
		}
	}
}
