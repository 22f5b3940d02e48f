//go:build !purego

#include "textflag.h"

// This file converts blocks of 32 integers of 4 or 5 bits (nibbles.go) to float32.
// The decode functions read rows of weights, where a block has one scale (and one
// minimum). The widen functions read keys of the cache, where each of the 32 columns
// has its own scale (and minimum). The conversion of small integers is exact. The
// product and the sum are rounded separately, as in the portable code.
//
// Registers
//	DI         dst
//	SI         blocks
//	CX         blocks left
//	Y0 - Y3    the 32 numbers; X0 to X3 are also scratch of FIVE_BYTES and SPREAD
//	Y4 - Y7    scales
//	Y8 - Y11   minima
//	Y12 - Y15  constants

DATA nibbles<>+0x00(SB)/8, $0x0000000000000000 // for each of the numbers 0 to 31, which byte of qh has its fifth bit
DATA nibbles<>+0x08(SB)/8, $0x0101010101010101
DATA nibbles<>+0x10(SB)/8, $0x0202020202020202
DATA nibbles<>+0x18(SB)/8, $0x0303030303030303
DATA nibbles<>+0x20(SB)/8, $0x8040201008040201 // for each of the numbers 0 to 7, the mask of its fifth bit in that byte
DATA nibbles<>+0x28(SB)/4, $0x0000000f
DATA nibbles<>+0x2c(SB)/4, $0x00000008
DATA nibbles<>+0x30(SB)/4, $0x0f0f0f0f
DATA nibbles<>+0x34(SB)/4, $0xf0f0f0f0
DATA nibbles<>+0x38(SB)/4, $0x10101010
GLOBL nibbles<>(SB), RODATA|NOPTR, $0x3c

#define FOUR_CONSTANTS \
	VPBROADCASTD nibbles<>+0x28(SB), Y15 \
	VPBROADCASTD nibbles<>+0x2c(SB), Y14

#define FIVE_CONSTANTS(high) \
	VPBROADCASTD nibbles<>+0x30(SB), Y15 \
	VPBROADCASTD high(SB), Y14           \
	VMOVDQU      nibbles<>(SB), Y13      \
	VPBROADCASTQ nibbles<>+0x20(SB), Y12

// FOUR reads 32 numbers of 4 bits. Byte j has number j
// in its low nibble, and number j+16 in its high nibble.
#define FOUR(qs) \
	VPMOVZXBD qs(SI), Y2   \
	VPMOVZXBD qs+8(SI), Y3 \
	VPAND     Y15, Y2, Y0  \
	VPAND     Y15, Y3, Y1  \
	VPSRLD    $4, Y2, Y2   \
	VPSRLD    $4, Y3, Y3

#define MINUS8 \
	VPSUBD Y14, Y0, Y0 \
	VPSUBD Y14, Y1, Y1 \
	VPSUBD Y14, Y2, Y2 \
	VPSUBD Y14, Y3, Y3

// FIVE_BYTES sets the bytes of Y0 to the lower four bits of the 32 numbers. It
// sets the bytes of Y1 to -1 where the fifth bit is set, and to 0 elsewhere.
#define FIVE_BYTES(qh, qs) \
	VMOVDQU      qs(SI), X0     \
	VPSRLW       $4, X0, X1     \
	VINSERTI128  $1, X1, Y0, Y0 \
	VPAND        Y15, Y0, Y0    \
	VPBROADCASTD qh(SI), Y1     \
	VPSHUFB      Y13, Y1, Y1    \
	VPAND        Y12, Y1, Y1    \
	VPCMPEQB     Y12, Y1, Y1

// SIGNED sets the bytes of Y0 to the 32 numbers minus 16. A number without the fifth bit is then
// negative: its upper four bits are set.
#define SIGNED \
	VPANDN Y14, Y1, Y1 \
	VPOR   Y1, Y0, Y0

#define UNSIGNED \
	VPAND Y14, Y1, Y1 \
	VPOR  Y1, Y0, Y0

// SPREAD widens the bytes of Y0 to int32 in Y0 to Y3.
#define SPREAD \
	VEXTRACTI128 $1, Y0, X2 \
	VPSRLDQ      $8, X0, X1 \
	VPSRLDQ      $8, X2, X3 \
	VPMOVSXBD    X0, Y0     \
	VPMOVSXBD    X1, Y1     \
	VPMOVSXBD    X2, Y2     \
	VPMOVSXBD    X3, Y3

#define FLOATS(a, b, c, d) \
	VCVTDQ2PS Y0, Y0    \
	VCVTDQ2PS Y1, Y1    \
	VCVTDQ2PS Y2, Y2    \
	VCVTDQ2PS Y3, Y3    \
	VMULPS    a, Y0, Y0 \
	VMULPS    b, Y1, Y1 \
	VMULPS    c, Y2, Y2 \
	VMULPS    d, Y3, Y3

#define PLUS(a, b, c, d) \
	VADDPS a, Y0, Y0 \
	VADDPS b, Y1, Y1 \
	VADDPS c, Y2, Y2 \
	VADDPS d, Y3, Y3

#define STORE \
	VMOVUPS Y0, (DI)   \
	VMOVUPS Y1, 32(DI) \
	VMOVUPS Y2, 64(DI) \
	VMOVUPS Y3, 96(DI) \
	ADDQ    $128, DI

// HALF converts the float16 at off to float32, and sets all lanes of y to it.
#define HALF(off, x, y) \
	MOVWLZX      off(SI), AX \
	VMOVD        AX, x       \
	VCVTPH2PS    x, x        \
	VBROADCASTSS x, y

#define COLUMNS(p, a, b, c, d) \
	VMOVUPS (p), a   \
	VMOVUPS 32(p), b \
	VMOVUPS 64(p), c \
	VMOVUPS 96(p), d

// func decodeQ4_0AVX2(dst *float32, src *byte, nb int)
TEXT ·decodeQ4_0AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ nb+16(FP), CX
	FOUR_CONSTANTS

loop:
	HALF(0, X4, Y4)
	FOUR(2)
	MINUS8
	FLOATS(Y4, Y4, Y4, Y4)
	STORE
	ADDQ $18, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func widenQ4_0AVX2(dst *[1024]float32, q *[32 * 16]byte, scale *[32]float32)
TEXT ·widenQ4_0AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ scale+16(FP), DX
	COLUMNS(DX, Y4, Y5, Y6, Y7)
	MOVQ $32, CX
	FOUR_CONSTANTS

loop:
	FOUR(0)
	MINUS8
	FLOATS(Y4, Y5, Y6, Y7)
	STORE
	ADDQ $16, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func decodeQ4_1AVX2(dst *float32, src *byte, nb int)
TEXT ·decodeQ4_1AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ nb+16(FP), CX
	FOUR_CONSTANTS

loop:
	HALF(0, X4, Y4)
	HALF(2, X8, Y8)
	FOUR(4)
	FLOATS(Y4, Y4, Y4, Y4)
	PLUS(Y8, Y8, Y8, Y8)
	STORE
	ADDQ $20, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func widenQ4_1AVX2(dst *[1024]float32, q *[32 * 16]byte, scale, least *[32]float32)
TEXT ·widenQ4_1AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ scale+16(FP), DX
	COLUMNS(DX, Y4, Y5, Y6, Y7)
	MOVQ least+24(FP), DX
	COLUMNS(DX, Y8, Y9, Y10, Y11)
	MOVQ $32, CX
	FOUR_CONSTANTS

loop:
	FOUR(0)
	FLOATS(Y4, Y5, Y6, Y7)
	PLUS(Y8, Y9, Y10, Y11)
	STORE
	ADDQ $16, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func decodeQ5_0AVX2(dst *float32, src *byte, nb int)
TEXT ·decodeQ5_0AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ nb+16(FP), CX
	FIVE_CONSTANTS(nibbles<>+0x34)

loop:
	HALF(0, X4, Y4)
	FIVE_BYTES(2, 6)
	SIGNED
	SPREAD
	FLOATS(Y4, Y4, Y4, Y4)
	STORE
	ADDQ $22, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func widenQ5_0AVX2(dst *[1024]float32, q *[32 * 20]byte, scale *[32]float32)
TEXT ·widenQ5_0AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ scale+16(FP), DX
	COLUMNS(DX, Y4, Y5, Y6, Y7)
	MOVQ $32, CX
	FIVE_CONSTANTS(nibbles<>+0x34)

loop:
	FIVE_BYTES(0, 4)
	SIGNED
	SPREAD
	FLOATS(Y4, Y5, Y6, Y7)
	STORE
	ADDQ $20, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func decodeQ5_1AVX2(dst *float32, src *byte, nb int)
TEXT ·decodeQ5_1AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ nb+16(FP), CX
	FIVE_CONSTANTS(nibbles<>+0x38)

loop:
	HALF(0, X4, Y4)
	HALF(2, X8, Y8)
	FIVE_BYTES(4, 8)
	UNSIGNED
	SPREAD
	FLOATS(Y4, Y4, Y4, Y4)
	PLUS(Y8, Y8, Y8, Y8)
	STORE
	ADDQ $24, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func widenQ5_1AVX2(dst *[1024]float32, q *[32 * 20]byte, scale, least *[32]float32)
TEXT ·widenQ5_1AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ q+8(FP), SI
	MOVQ scale+16(FP), DX
	COLUMNS(DX, Y4, Y5, Y6, Y7)
	MOVQ least+24(FP), DX
	COLUMNS(DX, Y8, Y9, Y10, Y11)
	MOVQ $32, CX
	FIVE_CONSTANTS(nibbles<>+0x38)

loop:
	FIVE_BYTES(0, 4)
	UNSIGNED
	SPREAD
	FLOATS(Y4, Y5, Y6, Y7)
	PLUS(Y8, Y9, Y10, Y11)
	STORE
	ADDQ $20, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET
