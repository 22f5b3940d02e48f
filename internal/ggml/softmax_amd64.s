//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "exp_amd64.h"

// Softmax over rows of 32 scores: softmaxRowsGeneric, operation by operation.
//
// Registers
//	DI  args      CX  rows left
//	SI  scores    R8  max    R9  sum    R10  c
#define SOFTMAX_ARGS \
	MOVQ args+0(FP), DI            \
	MOVQ softmaxArgs_scores(DI), SI \
	MOVQ softmaxArgs_max(DI), R8   \
	MOVQ softmaxArgs_sum(DI), R9   \
	MOVQ softmaxArgs_c(DI), R10    \
	MOVQ softmaxArgs_rows(DI), CX

// func softmaxAVX2(args *softmaxArgs)
//
// Y0-Y3 the scores, Y4 the greatest in all lanes, Y5 sums, Y12 the old greatest.
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-8
	SOFTMAX_ARGS

row:
	VBROADCASTSS (R8), Y12
	VMOVUPS      (SI), Y0
	VMOVUPS      32(SI), Y1
	VMOVUPS      64(SI), Y2
	VMOVUPS      96(SI), Y3

	// s > m ? s : m, which VMAXPS is with m as its last source, also for NaN.
	VMAXPS Y12, Y0, Y5
	VMAXPS Y5, Y1, Y5
	VMAXPS Y5, Y2, Y5
	VMAXPS Y5, Y3, Y5

	// The lanes hold no NaN but m itself, so their order does not matter.
	VPERM2F128 $1, Y5, Y5, Y6
	VMAXPS     Y6, Y5, Y5
	VSHUFPS    $0x4e, Y5, Y5, Y6
	VMAXPS     Y6, Y5, Y5
	VSHUFPS    $0xb1, Y5, Y5, Y6
	VMAXPS     Y6, Y5, Y4
	VMOVSS     X4, (R8)

	VSUBPS Y4, Y0, Y0
	VSUBPS Y4, Y1, Y1
	VSUBPS Y4, Y2, Y2
	VSUBPS Y4, Y3, Y3
	EXP(Y0, Y6, Y7, Y8)
	EXP(Y1, Y9, Y10, Y11)
	EXP(Y2, Y6, Y7, Y8)
	EXP(Y3, Y9, Y10, Y11)
	VMOVUPS Y0, (SI)
	VMOVUPS Y1, 32(SI)
	VMOVUPS Y2, 64(SI)
	VMOVUPS Y3, 96(SI)
	VADDPS  Y1, Y0, Y5
	VADDPS  Y2, Y5, Y5
	VADDPS  Y3, Y5, Y5
	SUM8(X5, Y5, X6, Y6)

	// c = e^(old - new), 1 where they are the same; sum = sum*c + new sum.
	VUCOMISS X4, X12
	JNE      changed
	JPS      changed
	VMOVSS   ·expConst+352(SB), X12
	VADDSS   (R9), X5, X5
	JMP      next

changed:
	VSUBPS Y4, Y12, Y12
	EXP(Y12, Y6, Y7, Y8)
	VMOVSS (R9), X6
	VMULSS X12, X6, X6
	VADDSS X5, X6, X5

next:
	VMOVSS X12, (R10)
	VMOVSS X5, (R9)
	ADDQ   $128, SI
	ADDQ   $4, R8
	ADDQ   $4, R9
	ADDQ   $4, R10
	DECQ   CX
	JNZ    row
	VZEROUPPER
	RET

// EXPZ replaces x by e^x, as Exp32, with the constants in registers Z16 to Z27.
// VSCALEFPS multiplies by 2^n and rounds once, as the two products of Exp32 do:
// the first is exact. Clobbers a, b.
#define EXPZ(x, a, b) \
	VMAXPS x, Z16, x     \
	VMINPS x, Z17, x     \
	VMULPS Z18, x, a     \
	VADDPS Z19, a, a     \
	VSUBPS Z19, a, a     \ // nf
	VMULPS Z20, a, b     \
	VSUBPS b, x, x       \
	VMULPS Z21, a, b     \
	VSUBPS b, x, x       \ // r
	VMULPS Z22, x, b     \
	VADDPS Z23, b, b     \
	VMULPS x, b, b       \
	VADDPS Z24, b, b     \
	VMULPS x, b, b       \
	VADDPS Z25, b, b     \
	VMULPS x, b, b       \
	VADDPS Z26, b, b     \ // p
	VMULPS x, x, Z15     \
	VMULPS b, Z15, b     \
	VADDPS x, b, b       \
	VADDPS Z27, b, b     \
	VSCALEFPS a, b, x

// func softmaxAVX512(args *softmaxArgs)
//
// Z0, Z1 the scores, Z2 the greatest in all lanes, Z3 the old greatest, Z4-Z8
// scratch.
TEXT ·softmaxAVX512(SB), NOSPLIT, $0-8
	SOFTMAX_ARGS
	VBROADCASTSS ·expConst+0(SB), Z16
	VBROADCASTSS ·expConst+32(SB), Z17
	VBROADCASTSS ·expConst+64(SB), Z18
	VBROADCASTSS ·expConst+96(SB), Z19
	VBROADCASTSS ·expConst+128(SB), Z20
	VBROADCASTSS ·expConst+160(SB), Z21
	VBROADCASTSS ·expConst+192(SB), Z22
	VBROADCASTSS ·expConst+224(SB), Z23
	VBROADCASTSS ·expConst+256(SB), Z24
	VBROADCASTSS ·expConst+288(SB), Z25
	VBROADCASTSS ·expConst+320(SB), Z26
	VBROADCASTSS ·expConst+352(SB), Z27

row:
	VBROADCASTSS (R8), Z3
	VMOVUPS      (SI), Z0
	VMOVUPS      64(SI), Z1
	VMAXPS       Z3, Z0, Z2
	VMAXPS       Z2, Z1, Z2
	VEXTRACTF64X4 $1, Z2, Y4
	VMAXPS       Y4, Y2, Y2
	VEXTRACTF128 $1, Y2, X4
	VMAXPS       X4, X2, X2
	VSHUFPS      $0x4e, X2, X2, X4
	VMAXPS       X4, X2, X2
	VSHUFPS      $0xb1, X2, X2, X4
	VMAXPS       X4, X2, X2
	VMOVSS       X2, (R8)
	VBROADCASTSS X2, Z2

	VSUBPS Z2, Z0, Z0
	VSUBPS Z2, Z1, Z1
	EXPZ(Z0, Z4, Z5)
	EXPZ(Z1, Z6, Z7)
	VMOVUPS Z0, (SI)
	VMOVUPS Z1, 64(SI)
	VEXTRACTF64X4 $1, Z0, Y4
	VEXTRACTF64X4 $1, Z1, Y5
	VADDPS Y4, Y0, Y0
	VADDPS Y1, Y0, Y0
	VADDPS Y5, Y0, Y0
	SUM8(X0, Y0, X4, Y4)

	// c = e^(old - new), 1 where they are the same; sum = sum*c + new sum.
	VUCOMISS X2, X3
	JNE      changed
	JPS      changed
	VMOVSS   ·expConst+352(SB), X3
	VADDSS   (R9), X0, X0
	JMP      next

changed:
	VSUBPS Z2, Z3, Z3
	EXPZ(Z3, Z4, Z5)
	VMOVSS (R9), X4
	VMULSS X3, X4, X4
	VADDSS X0, X4, X0

next:
	VMOVSS X3, (R10)
	VMOVSS X0, (R9)
	ADDQ   $128, SI
	ADDQ   $4, R8
	ADDQ   $4, R9
	ADDQ   $4, R10
	DECQ   CX
	JNZ    row
	VZEROUPPER
	RET
