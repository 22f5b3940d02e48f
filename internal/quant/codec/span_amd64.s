//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file quantizes blocks of 32 by the range of their weights, with AVX2. It does the work
// of fit.spanSigned, fit.spanMin and the encoder of Q8_0. A block's weights are in Y0 to Y3.
//
//	DI      output
//	SI      weights
//	CX      blocks left
//	X6      the minimum
//	X7, X8  the scale and its inverse
//	Y10     0xff in all dwords
//	Y11     the largest code in all bytes; for Q8_0, 1 in float32
//	Y12     the order of dwords
//	Y13     what is added to a weight before its fraction is dropped
//	Y14     0
//	Y15     all bits but the signs

DATA span<>+0x00(SB)/8, $0x0000000400000000 // dwords 0 4 1 5 2 6 3 7
DATA span<>+0x08(SB)/8, $0x0000000500000001
DATA span<>+0x10(SB)/8, $0x0000000600000002
DATA span<>+0x18(SB)/8, $0x0000000700000003
DATA span<>+0x20(SB)/4, $0x3f800000 // 1
DATA span<>+0x24(SB)/4, $0x42fe0000 // 127
DATA span<>+0x28(SB)/4, $0xc1000000 // -8
DATA span<>+0x2c(SB)/4, $0xc1800000 // -16
DATA span<>+0x30(SB)/4, $0x41700000 // 15
DATA span<>+0x34(SB)/4, $0x41f80000 // 31
DATA span<>+0x38(SB)/4, $0x3f000000 // 0.5
DATA span<>+0x3c(SB)/4, $0x41080000 // 8.5
DATA span<>+0x40(SB)/4, $0x41840000 // 16.5
DATA span<>+0x44(SB)/4, $0x0f0f0f0f
DATA span<>+0x48(SB)/4, $0x1f1f1f1f
GLOBL span<>(SB), RODATA|NOPTR, $0x4c

#define ONE     span<>+0x20(SB)
#define HALF    span<>+0x38(SB)
#define BITS4   span<>+0x44(SB)
#define BITS5   span<>+0x48(SB)

#define START(top, add) \
	MOVQ         dst+0(FP), DI   \
	MOVQ         x+8(FP), SI     \
	MOVQ         nb+16(FP), CX   \
	VPCMPEQD     Y15, Y15, Y15   \
	VPSRLD       $24, Y15, Y10   \
	VPSRLD       $1, Y15, Y15    \
	VXORPS       Y14, Y14, Y14   \
	VMOVDQU      span<>(SB), Y12 \
	VPBROADCASTD top, Y11        \
	VBROADCASTSS add, Y13

#define LOAD \
	VMOVUPS (SI), Y0   \
	VMOVUPS 32(SI), Y1 \
	VMOVUPS 64(SI), Y2 \
	VMOVUPS 96(SI), Y3

// FOLD sets every lane of y to the result of OP on all lanes of y.
#define FOLD(OP, y, t) \
	VPERM2F128 $1, y, y, t    \
	OP         t, y, y        \
	VSHUFPS    $0x4e, y, y, t \
	OP         t, y, y        \
	VSHUFPS    $0xb1, y, y, t \
	OP         t, y, y

// MAGNITUDES sets Y4, Y5, Y8 and Y9 to the weights' magnitudes, and every
// lane of Y6 to the largest magnitude that is not NaN. Of the two sources in
// the order written here, VMAXPS returns the first if the second is NaN.
#define MAGNITUDES \
	VANDPS Y15, Y0, Y4   \
	VANDPS Y15, Y1, Y5   \
	VANDPS Y15, Y2, Y8   \
	VANDPS Y15, Y3, Y9   \
	VMAXPS Y14, Y4, Y6   \
	VMAXPS Y6, Y5, Y6    \
	VMAXPS Y6, Y8, Y6    \
	VMAXPS Y6, Y9, Y6    \
	FOLD(VMAXPS, Y6, Y7)

// FIRST sets X7 to the first weight whose lane in a to d, in that order, equals Y6. If no
// lane equals it, which happens with NaN, X7 is the block's first weight.
#define FIRST(a, b, c, d) \
	VCMPPS    $0, Y6, a, Y4  \
	VCMPPS    $0, Y6, b, Y5  \
	VCMPPS    $0, Y6, c, Y8  \
	VCMPPS    $0, Y6, d, Y9  \
	VMOVMSKPS Y4, R8         \
	VMOVMSKPS Y5, R9         \
	VMOVMSKPS Y8, R10        \
	VMOVMSKPS Y9, R11        \
	SHLL      $8, R9         \
	SHLL      $16, R10       \
	SHLL      $24, R11       \
	ORL       R9, R8         \
	ORL       R11, R10       \
	ORL       R10, R8        \
	XORL      R9, R9         \
	BSFL      R8, R8         \
	CMOVLEQ   R9, R8         \
	VMOVSS    (SI)(R8*4), X7

// INVERSE sets every lane of Y8 to 1/X7, or to 0 where X7 is 0.
#define INVERSE \
	VMOVSS       ONE, X8         \
	VDIVSS       X7, X8, X8      \
	VCMPSS       $4, X14, X7, X9 \ // !=
	VANDPS       X9, X8, X8      \
	VBROADCASTSS X8, Y8

// CODE drops the fraction of y and keeps the low byte of the integer.
#define CODE(y) \
	VCVTTPS2DQ y, y      \
	VPAND      Y10, y, y

// BYTES packs the codes in Y0 to Y3 into Y0.
#define BYTES \
	VPACKUSDW Y1, Y0, Y0  \
	VPACKUSDW Y3, Y2, Y2  \
	VPACKUSWB Y2, Y0, Y0  \
	VPERMD    Y0, Y12, Y0

// NIBBLES stores the 4-bit codes of Y0 at a, two codes in a byte.
#define NIBBLES(a) \
	VEXTRACTI128 $1, Y0, X1 \
	VPSLLW       $4, X1, X1 \
	VPOR         X1, X0, X0 \
	VMOVDQU      X0, a

// FIFTHS stores the fifth bits of the codes of Y0 at a, and clears these bits in Y0.
#define FIFTHS(a) \
	VPSLLW       $3, Y0, Y1 \
	VPMOVMSKB    Y1, R8     \
	MOVL         R8, a      \
	VPBROADCASTD BITS4, Y1  \
	VPAND        Y1, Y0, Y0

// HALF16 stores the float32 in x at a, as a float16.
#define HALF16(x, a) \
	VCVTPS2PH $0, x, X9 \
	VPEXTRW   $0, X9, a

#define NEXT(bytes, loop) \
	ADDQ $128, SI   \
	ADDQ $bytes, DI \
	DECQ CX         \
	JNZ  loop       \
	VZEROUPPER      \
	RET

#define SIGNED_CODE(y) \
	VMULPS y, Y8, y  \
	VADDPS Y13, y, y \
	CODE(y)

// SIGNED sets Y0 to the codes of spanSigned and X7 to the scale, which is the weight of largest
// magnitude divided by -half. If all weights are 0 or -0, SIGNED takes 0 as that weight, never -0.
#define SIGNED(half) \
	LOAD                    \
	MAGNITUDES              \
	FIRST(Y4, Y5, Y8, Y9)   \
	VCMPPS  $4, X14, X6, X9 \ // !=
	VANDPS  X9, X7, X7      \
	VDIVSS  half, X7, X7    \
	INVERSE                 \
	SIGNED_CODE(Y0)         \
	SIGNED_CODE(Y1)         \
	SIGNED_CODE(Y2)         \
	SIGNED_CODE(Y3)         \
	BYTES                   \
	VPMINUB Y11, Y0, Y0

// func spanQ4_0AVX2(dst *byte, x *float32, nb int)
TEXT ·spanQ4_0AVX2(SB), NOSPLIT, $0-24
	START(BITS4, span<>+0x3c(SB))

loop:
	SIGNED(span<>+0x28(SB))
	HALF16(X7, (DI))
	NIBBLES(2(DI))
	NEXT(18, loop)

// func spanQ5_0AVX2(dst *byte, x *float32, nb int)
TEXT ·spanQ5_0AVX2(SB), NOSPLIT, $0-24
	START(BITS5, span<>+0x40(SB))

loop:
	SIGNED(span<>+0x2c(SB))
	HALF16(X7, (DI))
	FIFTHS(2(DI))
	NIBBLES(6(DI))
	NEXT(22, loop)

#define MIN_CODE(y) \
	VSUBPS Y6, y, y  \
	VMULPS y, Y8, y  \
	VADDPS Y13, y, y \
	CODE(y)

// MIN sets Y0 to the codes of spanMin, X7 to the scale and X6 to the minimum. If both 0 and -0 are
// the minimum, X6 is the first of them. If the largest weight is -0, MIN replaces it by 0, so that
// the difference of zeros is 0.
#define MIN(top) \
	LOAD                     \
	VMINPS       Y0, Y1, Y6  \
	VMINPS       Y2, Y3, Y7  \
	VMINPS       Y6, Y7, Y6  \
	FOLD(VMINPS, Y6, Y7)     \
	FIRST(Y0, Y1, Y2, Y3)    \
	VBROADCASTSS X7, Y6      \
	VMAXPS       Y0, Y1, Y7  \
	VMAXPS       Y2, Y3, Y8  \
	VMAXPS       Y7, Y8, Y7  \
	FOLD(VMAXPS, Y7, Y8)     \
	VADDPS       X14, X7, X7 \
	VSUBSS       X6, X7, X7  \
	VDIVSS       top, X7, X7 \
	INVERSE                  \
	MIN_CODE(Y0)             \
	MIN_CODE(Y1)             \
	MIN_CODE(Y2)             \
	MIN_CODE(Y3)             \
	BYTES                    \
	VPMINUB      Y11, Y0, Y0

// func spanQ4_1AVX2(dst *byte, x *float32, nb int)
TEXT ·spanQ4_1AVX2(SB), NOSPLIT, $0-24
	START(BITS4, HALF)

loop:
	MIN(span<>+0x30(SB))
	HALF16(X7, (DI))
	HALF16(X6, 2(DI))
	NIBBLES(4(DI))
	NEXT(20, loop)

// func spanQ5_1AVX2(dst *byte, x *float32, nb int)
TEXT ·spanQ5_1AVX2(SB), NOSPLIT, $0-24
	START(BITS5, HALF)

loop:
	MIN(span<>+0x34(SB))
	HALF16(X7, (DI))
	HALF16(X6, 2(DI))
	FIFTHS(4(DI))
	NIBBLES(8(DI))
	NEXT(24, loop)

	// AWAY_CODE rounds y/scale to the nearest integer, ties away from 0. Where the
	// fraction is at least 0.5 (Y13), it adds 1 with the sign of y.
#define AWAY_CODE(y) \
	VMULPS   y, Y8, y           \
	VROUNDPS $3, y, Y4          \ // towards 0
	VSUBPS   Y4, y, Y5          \
	VANDPS   Y15, Y5, Y5        \
	VCMPPS   $0x1d, Y13, Y5, Y5 \ // >=
	VANDNPS  y, Y15, Y6         \
	VORPS    Y11, Y6, Y6        \ // 1 with the sign of y
	VANDPS   Y5, Y6, Y6         \
	VADDPS   Y6, Y4, y          \
	CODE(y)

// func spanQ8_0AVX2(dst *byte, x *float32, nb int)
TEXT ·spanQ8_0AVX2(SB), NOSPLIT, $0-24
	START(ONE, HALF)

loop:
	LOAD
	MAGNITUDES
	VDIVSS  span<>+0x24(SB), X6, X7
	INVERSE
	HALF16(X7, (DI))
	AWAY_CODE(Y0)
	AWAY_CODE(Y1)
	AWAY_CODE(Y2)
	AWAY_CODE(Y3)
	BYTES
	VMOVDQU Y0, 2(DI)
	NEXT(34, loop)

// func encodeF16AVX2(dst *byte, x *float32, n int)
//
// n is the number of groups of eight weights.
TEXT ·encodeF16AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS   (SI), Y0
	VCVTPS2PH $0, Y0, (DI)
	ADDQ      $32, SI
	ADDQ      $16, DI
	DECQ      CX
	JNZ       loop
	VZEROUPPER
	RET
