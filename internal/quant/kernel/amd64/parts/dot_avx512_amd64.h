// This file multiplies bytes on AVX-512 VNNI. tile32_amd64.h and direct32_amd64.h
// list the registers. V14 must be -offset in all 16-bit lanes.

#define CONSTANTS(t) VPBROADCASTD tileArgs_Offset(t), Z14

// START sets a to -offset times the sum of the block's activations.
#define START(pairs, a) \
	VPBROADCASTD pairs, a \
	VPMADDWD     Z14, a, a

// ISUM turns an integer sum into float32.
#define ISUM(a, pairs) VCVTDQ2PS a, a

#define DOT2(q, a, b) \
	VPBROADCASTD q, Z10     \
	VPDPBUSD     Z10, Z8, a \
	VPDPBUSD     Z10, Z9, b

// DOT1 adds the products of weights 4i to 4i+3 with one token; DOT4 adds those with four tokens.
#define DOT1(i) \
	VMOVDQU64 ((i)*64)(SI), Z8 \
	VMOVDQU64 ((i)*64)(DI), Z9 \
	DOT2(((i)*4)(R8), Z0, Z1)

#define DOT4(i) \
	DOT1(i)                         \
	DOT2(((i)*4)(R8)(R9*1), Z2, Z3) \
	DOT2(((i)*4)(R8)(R9*2), Z4, Z5) \
	DOT2(((i)*4)(R8)(R10*1), Z6, Z7)

// DOT8 adds the products of the weights in V0 to V7 with a token
// to V8. V9 has a second sum, so that two additions can overlap.
#define DOT8 \
	VPXORD        Z9, Z9, Z9      \
	VPDPBUSD.BCST 0(R12), Z0, Z8  \
	VPDPBUSD.BCST 4(R12), Z1, Z9  \
	VPDPBUSD.BCST 8(R12), Z2, Z8  \
	VPDPBUSD.BCST 12(R12), Z3, Z9 \
	VPDPBUSD.BCST 16(R12), Z4, Z8 \
	VPDPBUSD.BCST 20(R12), Z5, Z9 \
	VPDPBUSD.BCST 24(R12), Z6, Z8 \
	VPDPBUSD.BCST 28(R12), Z7, Z9 \
	VPADDD        Z9, Z8, Z8

// The macros below are for tile256_amd64.h and its formats.

// SCALE stores byte j, signed, of each lane of s as an int32.
#define SCALE(j, s, at) \
	VPSLLD    $(24-8*j), s, Z12 \
	VPSRAD    $24, Z12, Z12     \
	VMOVDQU64 Z12, at(DI)

// ADDSCALED multiplies the sums a of a run by the run's scales and adds the results to sum.
#define ADDSCALED(scales, a, sum) \
	VPMULLD scales, a, a \
	VPADDD  a, sum, sum

// ADDPAIRS multiplies pairs of scales or minima by the pair of Sums in Z10, and adds the products.
#define ADDPAIRS(pairs, a) VPDPWSSD pairs, Z10, a

// SUMBASE does nothing, because the sums isum of tile256_amd64.h are in registers.
#define SUMBASE
#define SUM0 Z16
#define SUM1 Z17
#define SUM2 Z18
#define SUM3 Z19
#define SUM4 Z20
#define SUM5 Z21
#define SUM6 Z22
#define SUM7 Z23
#define ZEROSUMS1 \
	VPXORD Z16, Z16, Z16 \
	VPXORD Z17, Z17, Z17
#define ZEROSUMS4 \
	ZEROSUMS1            \
	VPXORD Z18, Z18, Z18 \
	VPXORD Z19, Z19, Z19 \
	VPXORD Z20, Z20, Z20 \
	VPXORD Z21, Z21, Z21 \
	VPXORD Z22, Z22, Z22 \
	VPXORD Z23, Z23, Z23

// FETCHROWS prefetches as many bytes as LOADROWS loads, at R13.
#define FETCHROWS \
	PREFETCHT1 (R13)    \
	PREFETCHT1 64(R13)  \
	PREFETCHT1 128(R13) \
	PREFETCHT1 192(R13) \
	ADDQ $256, R13

// ALLPAIRS applies the macro P to all pairs of a super-block (see unpack256_amd64.h).
#define ALLPAIRS(P) \
	P(0) \
	P(1) \
	P(2) \
	P(3) \
	P(4) \
	P(5) \
	P(6) \
	P(7)

// ROWSUMBASE does nothing, because the sum isum of row256_amd64.h is in Z17.
#define ROWSUMBASE
#define ZEROROWSUMS VPXORD Z17, Z17, Z17
#define ADDROWSUMS(v) VMOVDQA64 Z17, v

// DOT16 adds the product of weights 16r to 16r+15, in a to
// d, with the token at AX, times the scales at sc, to isum.
#define DOT16(r, sc, a, b, c, d) \
	VPXORD        Z16, Z16, Z16           \
	VPDPBUSD.BCST (16*(r)+0)(AX), a, Z16  \
	VPDPBUSD.BCST (16*(r)+4)(AX), b, Z16  \
	VPDPBUSD.BCST (16*(r)+8)(AX), c, Z16  \
	VPDPBUSD.BCST (16*(r)+12)(AX), d, Z16 \
	VPMULLD       sc(DI), Z16, Z16        \
	VPADDD        Z16, Z17, Z17
