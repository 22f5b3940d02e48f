// This file has the macros of few256loop_avx512_amd64.h that depend on the number of tokens, for two
// groups of 1. FEWTOKENS applies P to each token: its operand, its two sums, and its accumulator.
// FEWSTEP multiplies the weights w by the activations at off of each token. FEWPAIRS adds the
// products of the j-th pairs (see unpack256_amd64.h).

#define FEWHALF 1

#define FEWTOKENS(P) \
	P(FIRST0, Z16, Z24, Z0) \
	P(LAST0, Z17, Z25, Z1)

#define FEWSTEP(off, w) \
	VPDPBUSD.BCST FIRST0(off), w, Z16 \
	VPDPBUSD.BCST LAST0(off), w, Z17

#define FEWPAIRS(j) \
	VMOVDQU64     (PAIRS+j*64)(DI), Z10 \
	VPDPWSSD.BCST FIRST0(j*4), Z10, Z16 \
	VPDPWSSD.BCST LAST0(j*4), Z10, Z17
