//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "exp_amd64.h"

// These functions compute softmax over 32 scores at a time, with the operations of softmaxGeneric.
// Three passes find the greatest score, compute e^(score - greatest), and multiply by 1/sum.
//
// With m as its last source in Intel's order, VMAXPS computes s > m ? s : m, also if
// s is NaN. So no lane of m becomes NaN, and scores may be compared in any order.
//
// Registers
//	SI  scores
//	CX  number of scores, a multiple of 32
//	AX  whether to round the results to float16
//	DI  the current scores
//	DX  scores left in this pass

// INVERSE computes float32(1/sum) in the register to. sum is the sum of the
// four float64 in y. x is the low half of y. INVERSE clobbers x and th.
#define INVERSE(x, y, th, to) \
	VEXTRACTF128 $1, y, th                \
	VADDPD       th, x, x                 \ // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7)
	VUNPCKHPD    x, x, th                 \
	VADDSD       th, x, x                 \
	VCVTSS2SD    ·expConst+352(SB), x, th \
	VDIVSD       x, th, th                \
	VCVTSD2SS    th, th, to

// func softmaxAVX2(scores *float32, n int, half bool)
//
//	Y0 - Y3   scores
//	Y12       the greatest score in all lanes, then 1/sum
//	Y13, Y14  sums in float64
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-17
	MOVQ    scores+0(FP), SI
	MOVQ    n+8(FP), CX
	MOVBLZX half+16(FP), AX

	VBROADCASTSS ·expConst+416(SB), Y12
	VMOVAPS      Y12, Y13
	MOVQ         SI, DI
	MOVQ         CX, DX

greatest:
	VMOVUPS    (DI), Y0
	VMOVUPS    32(DI), Y1
	VMOVUPS    64(DI), Y2
	VMOVUPS    96(DI), Y3
	VMAXPS     Y12, Y0, Y12
	VMAXPS     Y13, Y1, Y13
	VMAXPS     Y12, Y2, Y12
	VMAXPS     Y13, Y3, Y13
	ADDQ       $128, DI
	SUBQ       $32, DX
	JNZ        greatest
	VMAXPS     Y13, Y12, Y13
	VPERM2F128 $1, Y13, Y13, Y6
	VMAXPS     Y6, Y13, Y13
	VSHUFPS    $0x4e, Y13, Y13, Y6
	VMAXPS     Y6, Y13, Y13
	VSHUFPS    $0xb1, Y13, Y13, Y6
	VMAXPS     Y6, Y13, Y12

	VXORPS Y13, Y13, Y13
	VXORPS Y14, Y14, Y14
	MOVQ   SI, DI
	MOVQ   CX, DX

exp:
	VMOVUPS      (DI), Y0
	VMOVUPS      32(DI), Y1
	VMOVUPS      64(DI), Y2
	VMOVUPS      96(DI), Y3
	VSUBPS       Y12, Y0, Y0
	VSUBPS       Y12, Y1, Y1
	VSUBPS       Y12, Y2, Y2
	VSUBPS       Y12, Y3, Y3
	EXP4
	VMOVUPS      Y0, (DI)
	VMOVUPS      Y1, 32(DI)
	VMOVUPS      Y2, 64(DI)
	VMOVUPS      Y3, 96(DI)
	VADDPS       Y2, Y0, Y0
	VADDPS       Y3, Y1, Y1
	VADDPS       Y1, Y0, Y0
	VCVTPS2PD    X0, Y6
	VADDPD       Y6, Y13, Y13
	VEXTRACTF128 $1, Y0, X7
	VCVTPS2PD    X7, Y7
	VADDPD       Y7, Y14, Y14
	ADDQ         $128, DI
	SUBQ         $32, DX
	JNZ          exp
	VADDPD       Y14, Y13, Y13 // s0+s4, s1+s5, s2+s6, s3+s7
	INVERSE(X13, Y13, X6, X12)
	VBROADCASTSS X12, Y12

	TESTL AX, AX
	JZ    scale

halves:
	VMULPS    (SI), Y12, Y0
	VMULPS    32(SI), Y12, Y1
	VCVTPS2PH $0, Y0, X0
	VCVTPS2PH $0, Y1, X1
	VCVTPH2PS X0, Y0
	VCVTPH2PS X1, Y1
	VMOVUPS   Y0, (SI)
	VMOVUPS   Y1, 32(SI)
	ADDQ      $64, SI
	SUBQ      $16, CX
	JNZ       halves
	VZEROUPPER
	RET

scale:
	VMULPS  (SI), Y12, Y0
	VMULPS  32(SI), Y12, Y1
	VMOVUPS Y0, (SI)
	VMOVUPS Y1, 32(SI)
	ADDQ    $64, SI
	SUBQ    $16, CX
	JNZ     scale
	VZEROUPPER
	RET

// EXPZ does what EXP4 does, for one vector x. Z16 to Z26 have the constants. EXPZ clobbers a and b.
#define EXPZ(x, a, b) \
	VMAXPS       x, Z16, x \
	VMOVAPS      Z17, a    \
	VFMADD213PS  Z18, x, a \ // z = x*log2e + shift
	VSUBPS       Z18, a, b \ // n
	VFNMADD231PS Z19, b, x \
	VFNMADD231PS Z20, b, x \ // r
	VMOVAPS      Z21, b    \
	VFMADD213PS  Z22, x, b \
	VFMADD213PS  Z23, x, b \
	VFMADD213PS  Z24, x, b \
	VFMADD213PS  Z25, x, b \ // p
	VFMADD213PS  Z26, x, b \
	VFMADD213PS  Z26, x, b \ // 1 + r*(1 + r*p)
	VPSLLD       $23, a, a \
	VPADDD       Z26, a, a \ // 2^n
	VMULPS       a, b, x

// func softmaxAVX512(scores *float32, n int, half bool)
//
//	Z0, Z1  scores
//	Z2      the greatest score in all lanes, then 1/sum
//	Z3      sums in float64
TEXT ·softmaxAVX512(SB), NOSPLIT, $0-17
	MOVQ         scores+0(FP), SI
	MOVQ         n+8(FP), CX
	MOVBLZX      half+16(FP), AX
	VBROADCASTSS ·expConst+0(SB), Z16
	VBROADCASTSS ·expConst+64(SB), Z17
	VBROADCASTSS ·expConst+96(SB), Z18
	VBROADCASTSS ·expConst+128(SB), Z19
	VBROADCASTSS ·expConst+160(SB), Z20
	VBROADCASTSS ·expConst+192(SB), Z21
	VBROADCASTSS ·expConst+224(SB), Z22
	VBROADCASTSS ·expConst+256(SB), Z23
	VBROADCASTSS ·expConst+288(SB), Z24
	VBROADCASTSS ·expConst+320(SB), Z25
	VBROADCASTSS ·expConst+352(SB), Z26

	VBROADCASTSS ·expConst+416(SB), Z2
	VMOVAPS      Z2, Z3
	MOVQ         SI, DI
	MOVQ         CX, DX

greatest:
	VMOVUPS       (DI), Z0
	VMOVUPS       64(DI), Z1
	VMAXPS        Z2, Z0, Z2
	VMAXPS        Z3, Z1, Z3
	ADDQ          $128, DI
	SUBQ          $32, DX
	JNZ           greatest
	VMAXPS        Z3, Z2, Z2
	VEXTRACTF64X4 $1, Z2, Y4
	VMAXPS        Y4, Y2, Y2
	VEXTRACTF128  $1, Y2, X4
	VMAXPS        X4, X2, X2
	VSHUFPS       $0x4e, X2, X2, X4
	VMAXPS        X4, X2, X2
	VSHUFPS       $0xb1, X2, X2, X4
	VMAXPS        X4, X2, X2
	VBROADCASTSS  X2, Z2

	VPXORD Z3, Z3, Z3
	MOVQ   SI, DI
	MOVQ   CX, DX

exp:
	VMOVUPS       (DI), Z0
	VMOVUPS       64(DI), Z1
	VSUBPS        Z2, Z0, Z0
	VSUBPS        Z2, Z1, Z1
	EXPZ(Z0, Z4, Z5)
	EXPZ(Z1, Z6, Z7)
	VMOVUPS       Z0, (DI)
	VMOVUPS       Z1, 64(DI)
	VADDPS        Z1, Z0, Z0
	VEXTRACTF64X4 $1, Z0, Y1
	VADDPS        Y1, Y0, Y0
	VCVTPS2PD     Y0, Z0
	VADDPD        Z0, Z3, Z3
	ADDQ          $128, DI
	SUBQ          $32, DX
	JNZ           exp
	VEXTRACTF64X4 $1, Z3, Y4
	VADDPD        Y4, Y3, Y3 // s0+s4, s1+s5, s2+s6, s3+s7
	INVERSE(X3, Y3, X4, X2)
	VBROADCASTSS  X2, Z2

	TESTL AX, AX
	JZ    scale

halves:
	VMULPS    (SI), Z2, Z0
	VMULPS    64(SI), Z2, Z1
	VCVTPS2PH $0, Z0, Y0
	VCVTPS2PH $0, Z1, Y1
	VCVTPH2PS Y0, Z0
	VCVTPH2PS Y1, Z1
	VMOVUPS   Z0, (SI)
	VMOVUPS   Z1, 64(SI)
	ADDQ      $128, SI
	SUBQ      $32, CX
	JNZ       halves
	VZEROUPPER
	RET

scale:
	VMULPS  (SI), Z2, Z0
	VMULPS  64(SI), Z2, Z1
	VMOVUPS Z0, (SI)
	VMOVUPS Z1, 64(SI)
	ADDQ    $128, SI
	SUBQ    $32, CX
	JNZ     scale
	VZEROUPPER
	RET
