// This file multiplies bytes on AVX2, with unsigned weights.
// tile32_amd64.h, tile256_amd64.h and direct*_amd64.h list the registers.
//
// VPMADDUBSW adds two products of bytes to an int16, and each VPADDW adds the products of
// four more weights. Each lane of 32 bits has two int16. One has the sum over the weights
// i with i%4 < 2, and the other has the sum over the remaining weights. Intermediate
// values may wrap around, but every final value fits in int16. The largest magnitudes are:
//
//	Q4_0 starts at -8*Σa:    16 weights, at most 8*127 each, together 16256
//	Q5_0 starts at -16*Σa:   16 weights, at most 16*127 each, together 32512
//	Q4_1, Q4_K:              16 weights, at most 15*127 each, together 30480
//	Q5_K, half a run of 32:  8 weights, at most 31*127 each, together 31496
//	Q6_K, half a run of 16:  4 weights, at most 63*127 each, together 32004
//	Q2_K, Q3_K:              8 weights, at most 7*127 each, together 7112

// CONSTANTS sets all int16 of V14 to -offset, and all int16 of ONES to 1.
#define CONSTANTS(t) \
	VPBROADCASTD tileArgs_Offset(t), Y14 \
	VMOVDQU      ·ones16(SB), Y15

// START sets the int16 sums a to -offset times the sums of the activations.
#define START(pairs, a) \
	VPBROADCASTD pairs, a \
	VPMULLW      Y14, a, a

// ISUM adds the int16 of each lane and turns the sum into float32.
#define ISUM(a, pairs) \
	VPMADDWD  ONES, a, a \
	VCVTDQ2PS a, a

#define DOT2(q, a, b) \
	VPBROADCASTD q, Y10       \
	VPMADDUBSW   Y10, Y8, Y11 \
	VPMADDUBSW   Y10, Y9, Y12 \
	VPADDW       Y11, a, a    \
	VPADDW       Y12, b, b

// DOT1 adds the products of weights 4i to 4i+3 with one token; DOT4 adds those with four tokens.
#define DOT1(i) \
	VMOVDQU ((i)*32)(SI), Y8 \
	VMOVDQU ((i)*32)(DI), Y9 \
	DOT2(((i)*4)(R8), Y0, Y1)

#define DOT4(i) \
	DOT1(i)                         \
	DOT2(((i)*4)(R8)(R9*1), Y2, Y3) \
	DOT2(((i)*4)(R8)(R9*2), Y4, Y5) \
	DOT2(((i)*4)(R8)(R10*1), Y6, Y7)

// DOT8 adds the products of the weights in V0 to V7 with a token
// to V8. V9 has a second sum, so that two additions can overlap.
#define DOTWEIGHTS(i, w, a) \
	VPBROADCASTD ((i)*4)(R12), Y10 \
	VPMADDUBSW   Y10, w, Y11       \
	VPADDW       Y11, a, a

#define DOT8 \
	VPXOR  Y9, Y9, Y9     \
	DOTWEIGHTS(0, Y0, Y8) \
	DOTWEIGHTS(1, Y1, Y9) \
	DOTWEIGHTS(2, Y2, Y8) \
	DOTWEIGHTS(3, Y3, Y9) \
	DOTWEIGHTS(4, Y4, Y8) \
	DOTWEIGHTS(5, Y5, Y9) \
	DOTWEIGHTS(6, Y6, Y8) \
	DOTWEIGHTS(7, Y7, Y9) \
	VPADDW Y9, Y8, Y8

// The macros below are for the formats with blocks of 256.

// SCALE stores byte j, signed, of each lane of s as an int16. It stores the number twice,
// so that one VPMADDWD multiplies both int16 sums of a lane by the scale and adds them.
#define SCALE(j, s, at) \
	VPSHUFB ·scaleBytes+32*j(SB), s, Y12 \
	VPSRAW  $8, Y12, Y12                 \
	VMOVDQU Y12, at(DI)

// ADDSCALED multiplies the sums a of a run by the run's scales and adds the results to sum.
#define ADDSCALED(scales, a, sum) \
	VPMADDWD scales, a, a \
	VPADDD   sum, a, a    \
	VMOVDQU  a, sum

#define DOTROW(i, a) \
	VPBROADCASTD ((i)*4)(R12), Y10 \
	VMOVDQU      ((i)*32)(R9), Y11 \
	VPMADDUBSW   Y10, Y11, a

// DOTROWS4 sets Y8 to the sums of the products of weights 4i to 4i+15.
#define DOTROWS4(i) \
	DOTROW(i, Y0)     \
	DOTROW(i+1, Y1)   \
	DOTROW(i+2, Y2)   \
	DOTROW(i+3, Y3)   \
	VPADDW Y1, Y0, Y0 \
	VPADDW Y3, Y2, Y2 \
	VPADDW Y2, Y0, Y8

// DOTRUN16 and DOTRUN32 add the product of a run with a token, times the scales, to Y9.
#define DOTRUN16 \
	DOTROWS4(0)                 \
	VPMADDWD (4*32)(R9), Y8, Y8 \
	VPADDD   Y8, Y9, Y9

#define DOTRUN32 \
	DOTROWS4(0)                 \
	VMOVDQA  Y8, Y4             \
	DOTROWS4(4)                 \
	VPADDW   Y4, Y8, Y8         \
	VPMADDWD (8*32)(R9), Y8, Y8 \
	VPADDD   Y8, Y9, Y9

#define SPLITDOTRUN16 \
	DOTROW(0, Y0)               \
	DOTROW(1, Y1)               \
	DOTROW(2, Y2)               \
	DOTROW(3, Y3)               \
	VPADDW   Y1, Y0, Y0         \
	VPADDW   Y3, Y2, Y2         \
	VPMADDWD (4*32)(R9), Y0, Y0 \
	VPMADDWD (4*32)(R9), Y2, Y2 \
	VPADDD   Y0, Y9, Y9         \
	VPADDD   Y2, Y9, Y9

#define SPLITDOTRUN32 \
	DOTROWS4(0)                 \
	VPMADDWD (8*32)(R9), Y8, Y8 \
	VPADDD   Y8, Y9, Y9         \
	DOTROWS4(4)                 \
	VPMADDWD (8*32)(R9), Y8, Y8 \
	VPADDD   Y8, Y9, Y9

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

#define DOTTOKEN(q, w) \
	VPBROADCASTD q, Y12 \
	VPMADDUBSW Y12, w, w

// WHOLEDOT16 adds the product of weights 16r to 16r+15, in a to d, with the token at AX, times
// the scales at sc, to isum (see sums_avx2_amd64.h). WHOLEDOT16 clobbers a to d and Y12.
#define WHOLEDOT16(r, sc, a, b, c, d) \
	DOTTOKEN((16*(r)+0)(AX), a)  \
	DOTTOKEN((16*(r)+4)(AX), b)  \
	DOTTOKEN((16*(r)+8)(AX), c)  \
	DOTTOKEN((16*(r)+12)(AX), d) \
	VPADDW   b, a, a             \
	VPADDW   d, c, c             \
	VPADDW   c, a, a             \
	VPMADDWD sc(DI), a, a        \
	VPADDD   ROWSUM(r), a, a     \
	VMOVDQU  a, ROWSUM(r)

// SPLITDOT16 does the same for formats whose sums over 16 weights do not fit in int16.
#define SPLITDOT16(r, sc, a, b, c, d) \
	DOTTOKEN((16*(r)+0)(AX), a)  \
	DOTTOKEN((16*(r)+4)(AX), b)  \
	DOTTOKEN((16*(r)+8)(AX), c)  \
	DOTTOKEN((16*(r)+12)(AX), d) \
	VPADDW   b, a, a             \
	VPADDW   d, c, c             \
	VPMADDWD sc(DI), a, a        \
	VPMADDWD sc(DI), c, c        \
	VPADDD   ROWSUM(r), a, a     \
	VPADDD   c, a, a             \
	VMOVDQU  a, ROWSUM(r)
