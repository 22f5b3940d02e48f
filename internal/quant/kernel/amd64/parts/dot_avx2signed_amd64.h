// This file multiplies bytes on AVX2, with signed weights of 8 bits.
// tile32_amd64.h, tile256_amd64.h and direct*_amd64.h list the registers.
//
// VPMADDUBSW needs one unsigned operand, so w*a is computed as |w| * (a with w's sign).
// It adds two products, of at most 128*127 each, to an int16. More products would not
// fit, so VPMADDWD immediately adds the int16 in pairs to int32. A weight of -128 works
// too: its magnitude is 128 as an unsigned byte. Activations are never -128.

// CONSTANTS sets ONES to 1 in all int16.
#define CONSTANTS(t) VMOVDQU ·ones16(SB), Y15

#define START(pairs, a) VPXOR a, a, a

// ISUM turns an integer sum into float32.
#define ISUM(a, pairs) VCVTDQ2PS a, a

// DOT adds the products of the weights w with the token in Y10 to a. m has the magnitudes of w.
#define DOT(w, m, a) \
	VPSIGNB    w, Y10, Y11    \
	VPMADDUBSW Y11, m, Y11    \
	VPMADDWD   ONES, Y11, Y11 \
	VPADDD     Y11, a, a

#define DOT2(q, a, b) \
	VPBROADCASTD q, Y10       \
	VPSIGNB    Y8, Y10, Y11   \
	VPSIGNB    Y9, Y10, Y10   \
	VPMADDUBSW Y11, Y12, Y11  \
	VPMADDUBSW Y10, Y13, Y10  \
	VPMADDWD   ONES, Y11, Y11 \
	VPMADDWD   ONES, Y10, Y10 \
	VPADDD     Y11, a, a      \
	VPADDD     Y10, b, b

// DOT1 adds the products of weights 4i to 4i+3 with one token; DOT4 adds those with four tokens.
#define DOT1(i) \
	VMOVDQU ((i)*32)(SI), Y8 \
	VMOVDQU ((i)*32)(DI), Y9 \
	VPABSB  Y8, Y12          \
	VPABSB  Y9, Y13          \
	DOT2(((i)*4)(R8), Y0, Y1)

#define DOT4(i) \
	DOT1(i)                         \
	DOT2(((i)*4)(R8)(R9*1), Y2, Y3) \
	DOT2(((i)*4)(R8)(R9*2), Y4, Y5) \
	DOT2(((i)*4)(R8)(R10*1), Y6, Y7)

// DOT8 adds the products of the weights in V0 to V7 with a token to V8.
#define DOTWEIGHTS(i, w, a) \
	VPBROADCASTD ((i)*4)(R12), Y10 \
	VPABSB       w, Y14            \
	DOT(w, Y14, a)

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

#define DOTROW(i) \
	VPBROADCASTD ((i)*4)(R12), Y10 \
	VMOVDQU      ((i)*32)(R9), Y0  \
	VPABSB       Y0, Y1            \
	DOT(Y0, Y1, Y8)

// DOTRUN32 adds the product of a run with a token, times the scales, to Y9.
#define DOTRUN32 \
	VPXOR   Y8, Y8, Y8         \
	DOTROW(0)                  \
	DOTROW(1)                  \
	DOTROW(2)                  \
	DOTROW(3)                  \
	DOTROW(4)                  \
	DOTROW(5)                  \
	DOTROW(6)                  \
	DOTROW(7)                  \
	VPMULLD (8*32)(R9), Y8, Y8 \
	VPADDD  Y8, Y9, Y9

// ALLPAIRS does nothing: the weights are signed and have no offset to subtract.
#define ALLPAIRS(P)

#define DOTTOKEN(q, w) \
	VPBROADCASTD q, Y12      \
	VPSIGNB      w, Y12, Y12 \
	VPABSB       w, w        \
	VPMADDUBSW   Y12, w, w   \
	VPMADDWD     ONES, w, w

// DOT16 adds the product of weights 16r to 16r+15, in a to d, with the token at AX, times
// the scales at sc, to isum (see sums_avx2_amd64.h). DOT16 clobbers a to d and Y12.
#define DOT16(r, sc, a, b, c, d) \
	DOTTOKEN((16*(r)+0)(AX), a)  \
	DOTTOKEN((16*(r)+4)(AX), b)  \
	DOTTOKEN((16*(r)+8)(AX), c)  \
	DOTTOKEN((16*(r)+12)(AX), d) \
	VPADDD   b, a, a             \
	VPADDD   d, c, c             \
	VPADDD   c, a, a             \
	VPMULLD sc(DI), a, a         \
	VPADDD   ROWSUM(r), a, a     \
	VMOVDQU  a, ROWSUM(r)
