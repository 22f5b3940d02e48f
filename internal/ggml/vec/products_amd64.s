//go:build !purego

#include "textflag.h"
#include "exp_amd64.h"

// func mul8AVX2(dst, x *float32, n int)
TEXT ·mul8AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS (DI), Y0
	VMULPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func mulAdd8AVX2(dst, a, b *float32, n int)
//
// The product rounds before it is added.
TEXT ·mulAdd8AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ a+8(FP), SI
	MOVQ b+16(FP), DX
	MOVQ n+24(FP), CX

loop:
	VMOVUPS (SI), Y0
	VMULPS  (DX), Y0, Y0
	VADDPS  (DI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, DX
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// GELU_ARG sets e to -x * (linear + (cubic*x)*x) for the vector x off bytes on, clamped for EXP4.
// Y12 is the sign, Y13 the most, Y14 is linear; cubic comes from memory because registers are few.
#define GELU_ARG(off, e) \
	VMOVUPS off(DI), e                 \
	VMULPS  ·geluConst+32(SB), e, Y4   \
	VMULPS  e, Y4, Y4                  \
	VADDPS  Y14, Y4, Y4                \
	VMULPS  e, Y4, e                   \
	VXORPS  e, Y12, e                  \
	VMINPS  e, Y13, e

// GELU computes x * (1 / (1 + e)) for the vector off bytes on.
#define GELU(off, e) \
	VADDPS  ·expConst+352(SB), e, e \
	VDIVPS  e, Y4, e                \
	VMULPS  off(DI), e, e           \
	VMOVUPS e, off(DI)

// func gelu8AVX2(x *float32, n int)
//
// Takes vectors as silu8AVX2 does.
TEXT ·gelu8AVX2(SB), NOSPLIT, $0-16
	MOVQ    x+0(FP), DI
	MOVQ    n+8(FP), CX
	VMOVUPS ·expConst+384(SB), Y12 // sign
	VMOVUPS ·expConst+32(SB), Y13  // most
	VMOVUPS ·geluConst+0(SB), Y14  // linear

four:
	SUBQ    $32, CX
	JLT     rest
	GELU_ARG(0, Y0)
	GELU_ARG(32, Y1)
	GELU_ARG(64, Y2)
	GELU_ARG(96, Y3)
	EXP4
	VMOVUPS ·expConst+352(SB), Y4  // 1
	GELU(0, Y0)
	GELU(32, Y1)
	GELU(64, Y2)
	GELU(96, Y3)
	ADDQ    $128, DI
	JMP     four

rest:
	ADDQ $32, CX
	JZ   done

one:
	GELU_ARG(0, Y0)
	EXP4
	VMOVUPS ·expConst+352(SB), Y4
	GELU(0, Y0)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     one

done:
	VZEROUPPER
	RET

// func sums4AVX2(sums *[4]float64, x *float32, n int, less float32, square int)
//
// Adds every fourth of x - less, or of its square, to the four sums. The difference is a float32.
TEXT ·sums4AVX2(SB), NOSPLIT, $0-40
	MOVQ         sums+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS less+24(FP), X2
	VXORPD       Y0, Y0, Y0
	CMPQ         square+32(FP), $0
	JNE          squares

sum:
	VCVTPS2PD (SI), Y1
	VADDPD    Y1, Y0, Y0
	ADDQ      $16, SI
	SUBQ      $4, CX
	JNZ       sum
	JMP       done

squares:
	VMOVUPS   (SI), X1
	VSUBPS    X2, X1, X1
	VCVTPS2PD X1, Y1
	VMULPD    Y1, Y1, Y1
	VADDPD    Y1, Y0, Y0
	ADDQ      $16, SI
	SUBQ      $4, CX
	JNZ       squares

done:
	VMOVUPD Y0, (DI)
	VZEROUPPER
	RET
