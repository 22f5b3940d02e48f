// This file multiplies bytes on AVX-VNNI. tile32_amd64.h, tile256_amd64.h and
// direct*_amd64.h list the registers. V14 must be -offset in all int16.

// VPDPBUSDY is vpdpbusd ymm_d, ymm_u, ymm_s, where the bytes of u are unsigned and those of s are
// signed. The Go assembler knows only the instruction's AVX-512 encoding. This is AVX-VNNI's:
//
//	VEX.256.66.0F38.W0 50 /r
#define VPDPBUSDY(s, u, d) \
	BYTE $0xc4                          \
	BYTE $(0xe2 - (d)/8*128 - (s)/8*32) \
	BYTE $(0x7d - (u)*8)                \
	BYTE $0x50                          \
	BYTE $(0xc0 + (d)%8*8 + (s)%8)

#define CONSTANTS(t) VPBROADCASTD tileArgs_Offset(t), Y14

// START sets a to -offset times the sum of the block's activations.
#define START(pairs, a) \
	VPBROADCASTD pairs, a \
	VPMADDWD     Y14, a, a

// ISUM turns an integer sum into float32.
#define ISUM(a, pairs) VCVTDQ2PS a, a

// DOT2 multiplies V8 and V9 with a token's activations at q, and
// adds the products to two registers, whose numbers are a and b.
#define DOT2(q, a, b) \
	VPBROADCASTD q, Y10 \
	VPDPBUSDY(10, 8, a) \
	VPDPBUSDY(10, 9, b)

// DOT1 adds the products of weights 4i to 4i+3 with one token; DOT4 adds those with four tokens.
#define DOT1(i) \
	VMOVDQU ((i)*32)(SI), Y8 \
	VMOVDQU ((i)*32)(DI), Y9 \
	DOT2(((i)*4)(R8), 0, 1)

#define DOT4(i) \
	DOT1(i)                       \
	DOT2(((i)*4)(R8)(R9*1), 2, 3) \
	DOT2(((i)*4)(R8)(R9*2), 4, 5) \
	DOT2(((i)*4)(R8)(R10*1), 6, 7)

// DOT8 adds the products of the weights in V0 to V7 with a token
// to V8. V9 has a second sum, so that two additions can overlap.
#define DOTWEIGHTS(i, a) \
	VPBROADCASTD ((i)*4)(R12), Y10 \
	VPDPBUSDY(10, i, a)

#define DOT8 \
	VPXOR  Y9, Y9, Y9 \
	DOTWEIGHTS(0, 8)  \
	DOTWEIGHTS(1, 9)  \
	DOTWEIGHTS(2, 8)  \
	DOTWEIGHTS(3, 9)  \
	DOTWEIGHTS(4, 8)  \
	DOTWEIGHTS(5, 9)  \
	DOTWEIGHTS(6, 8)  \
	DOTWEIGHTS(7, 9)  \
	VPADDD Y9, Y8, Y8

// The macros below are for the formats with blocks of 256.

// SCALE stores byte j, signed, of each lane of s as an int32.
#define SCALE(j, s, at) \
	VPSLLD  $(24-8*j), s, Y12 \
	VPSRAD  $24, Y12, Y12     \
	VMOVDQU Y12, at(DI)

// ADDSCALED multiplies the sums a of a run by the run's scales and adds the results to sum.
#define ADDSCALED(scales, a, sum) \
	VPMULLD scales, a, a \
	VPADDD  sum, a, a    \
	VMOVDQU a, sum

// DOTROW adds the products of the run's weights 4i to 4i+3 to
// Y8. DOTROWS4 adds the products of weights 4i to 4i+15.
#define DOTROW(i) \
	VPBROADCASTD ((i)*4)(R12), Y10 \
	VMOVDQU      ((i)*32)(R9), Y0  \
	VPDPBUSDY(10, 0, 8)

#define DOTROWS4(i) \
	DOTROW(i)   \
	DOTROW(i+1) \
	DOTROW(i+2) \
	DOTROW(i+3)

// DOTRUN16 and DOTRUN32 add the product of a run with a token, times the scales, to
// Y9.
#define DOTRUN16 \
	VPXOR   Y8, Y8, Y8         \
	DOTROWS4(0)                \
	VPMULLD (4*32)(R9), Y8, Y8 \
	VPADDD  Y8, Y9, Y9

#define DOTRUN32 \
	VPXOR   Y8, Y8, Y8         \
	DOTROWS4(0)                \
	DOTROWS4(4)                \
	VPMULLD (8*32)(R9), Y8, Y8 \
	VPADDD  Y8, Y9, Y9

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
