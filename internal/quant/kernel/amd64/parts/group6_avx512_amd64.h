// This file has those macros of group256loop_avx512_amd64.h that depend on the number of tokens.
// Here, the number is at most 6: two groups of 3 tokens.

// FEWHALF is the number of tokens in a group.
#define FEWHALF 3

// FEWTOKENS applies P to each token's operand, sum, isum and accumulator.
#define FEWTOKENS(P) \
	P(FIRST0, Z16, Z24, Z0) \
	P(FIRST1, Z17, Z25, Z1) \
	P(FIRST2, Z18, Z26, Z2) \
	P(LAST0, Z19, Z27, Z3)  \
	P(LAST1, Z20, Z28, Z4)  \
	P(LAST2, Z21, Z29, Z5)

// FEWSTEP multiplies w, four weights of each row, by each token's activations at offset off.
// FEWSTEP adds the products to the token's sum.
#define FEWSTEP(off, w) \
	VPDPBUSD.BCST FIRST0(off), w, Z16 \
	VPDPBUSD.BCST FIRST1(off), w, Z17 \
	VPDPBUSD.BCST FIRST2(off), w, Z18 \
	VPDPBUSD.BCST LAST0(off), w, Z19  \
	VPDPBUSD.BCST LAST1(off), w, Z20  \
	VPDPBUSD.BCST LAST2(off), w, Z21

// FEWPAIRS adds the j-th pairs (see unpack256_amd64.h), times a token's Sums, to the token's sum.
#define FEWPAIRS(j) \
	VMOVDQU64     (PAIRS+j*64)(DI), Z10 \
	VPDPWSSD.BCST FIRST0(j*4), Z10, Z16 \
	VPDPWSSD.BCST FIRST1(j*4), Z10, Z17 \
	VPDPWSSD.BCST FIRST2(j*4), Z10, Z18 \
	VPDPWSSD.BCST LAST0(j*4), Z10, Z19  \
	VPDPWSSD.BCST LAST1(j*4), Z10, Z20  \
	VPDPWSSD.BCST LAST2(j*4), Z10, Z21
