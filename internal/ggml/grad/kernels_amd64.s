//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the loops of grad.go for AVX2. Each lane does what the
// portable code does with one element, and no product is fused with a sum.

// SUM4 sets lane 0 of s to (s0+s2) + (s1+s3), where s0 to s3 are the lanes of s. SUM4 clobbers t.
#define SUM4(s, t) \
	VMOVHLPS  s, s, t \
	VADDPS    t, s, s \
	VMOVSHDUP s, t    \
	VADDSS    t, s, s

// func dot4AVX2(x, y *float32, n int) float32
TEXT ·dot4AVX2(SB), NOSPLIT, $0-28
	MOVQ   x+0(FP), SI
	MOVQ   y+8(FP), DX
	MOVQ   n+16(FP), CX
	VXORPS X0, X0, X0

loop:
	VMOVUPS (SI), X1
	VMULPS  (DX), X1, X1
	VADDPS  X1, X0, X0
	ADDQ    $16, SI
	ADDQ    $16, DX
	SUBQ    $4, CX
	JNZ     loop
	SUM4(X0, X1)
	VMOVSS  X0, ret+24(FP)
	RET

// func sums4AVX2(x, w, dy *float32, n int) (xx, xwdy float32)
TEXT ·sums4AVX2(SB), NOSPLIT, $0-40
	MOVQ   x+0(FP), SI
	MOVQ   w+8(FP), DX
	MOVQ   dy+16(FP), DI
	MOVQ   n+24(FP), CX
	VXORPS X0, X0, X0
	VXORPS X2, X2, X2

loop:
	VMOVUPS (SI), X1
	VMULPS  (DX), X1, X3
	VMULPS  X1, X1, X1
	VMULPS  (DI), X3, X3
	VADDPS  X1, X0, X0
	VADDPS  X3, X2, X2
	ADDQ    $16, SI
	ADDQ    $16, DX
	ADDQ    $16, DI
	SUBQ    $4, CX
	JNZ     loop
	SUM4(X0, X1)
	SUM4(X2, X1)
	VMOVSS  X0, xx+32(FP)
	VMOVSS  X2, xwdy+36(FP)
	RET

// func norm8AVX2(dx, x, w, dy *float32, n int, rhoBy *[2]float32)
TEXT ·norm8AVX2(SB), NOSPLIT, $0-48
	MOVQ         dx+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         w+16(FP), DX
	MOVQ         dy+24(FP), R8
	MOVQ         n+32(FP), CX
	MOVQ         rhoBy+40(FP), R9
	VBROADCASTSS (R9), Y6
	VBROADCASTSS 4(R9), Y7

loop:
	VMULPS  (DX), Y6, Y0
	VMULPS  (R8), Y0, Y0
	VMULPS  (SI), Y7, Y1
	VSUBPS  Y1, Y0, Y0
	VADDPS  (DI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, R8
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// one is 1.
DATA one<>+0(SB)/4, $0x3f800000
GLOBL one<>(SB), RODATA, $4

// func silu8AVX2(dg, du, gate, up, sigma *float32, n int)
TEXT ·silu8AVX2(SB), NOSPLIT, $0-48
	MOVQ         dg+0(FP), DI
	MOVQ         du+8(FP), SI
	MOVQ         gate+16(FP), DX
	MOVQ         up+24(FP), R8
	MOVQ         sigma+32(FP), R9
	MOVQ         n+40(FP), CX
	VBROADCASTSS one<>+0(SB), Y7

loop:
	VMOVUPS (R9), Y0     // sigma
	VMOVUPS (SI), Y1     // df
	VMULPS  (DX), Y0, Y2 // y = g·sigma
	VMULPS  (R8), Y1, Y3 // df·u
	VMULPS  Y2, Y1, Y1   // du
	VSUBPS  Y0, Y7, Y4
	VMULPS  Y4, Y2, Y2   // y·(1-sigma)
	VADDPS  Y2, Y0, Y0
	VMULPS  Y0, Y3, Y3
	VMOVUPS Y1, (SI)
	VMOVUPS Y3, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, R8
	ADDQ    $32, R9
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func softmax8AVX2(ds, p *float32, n int, delta float32)
TEXT ·softmax8AVX2(SB), NOSPLIT, $0-28
	MOVQ         ds+0(FP), DI
	MOVQ         p+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSS delta+24(FP), Y7

loop:
	VMOVUPS (DI), Y0
	VSUBPS  Y7, Y0, Y0
	VMULPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func mulAdd8AVX2(dst, x, y *float32, n int, by float32)
TEXT ·mulAdd8AVX2(SB), NOSPLIT, $0-36
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         y+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS by+32(FP), Y7

loop:
	VMOVUPS (SI), Y0
	VMULPS  (DX), Y0, Y0
	VMULPS  Y7, Y0, Y0
	VADDPS  (DI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, DX
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func sum8AVX2(dst, x, y *float32, n int)
TEXT ·sum8AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ y+16(FP), DX
	MOVQ n+24(FP), CX

loop:
	VMOVUPS (SI), Y0
	VADDPS  (DX), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, DX
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func update8AVX2(o *AdamW, w, m, v, dw *float32, n int)
TEXT ·update8AVX2(SB), NOSPLIT, $0-48
	MOVQ         o+0(FP), AX
	MOVQ         w+8(FP), DI
	MOVQ         m+16(FP), SI
	MOVQ         v+24(FP), DX
	MOVQ         dw+32(FP), R8
	MOVQ         n+40(FP), CX
	VBROADCASTSS AdamW_By(AX), Y7
	VBROADCASTSS AdamW_Beta1(AX), Y8
	VBROADCASTSS AdamW_Rest1(AX), Y9
	VBROADCASTSS AdamW_Beta2(AX), Y10
	VBROADCASTSS AdamW_Rest2(AX), Y11
	VBROADCASTSS AdamW_Keep(AX), Y12
	VBROADCASTSS AdamW_Step(AX), Y13
	VBROADCASTSS AdamW_Root(AX), Y14
	VBROADCASTSS AdamW_Eps(AX), Y15

loop:
	VMULPS  (R8), Y7, Y0  // g
	VMULPS  (SI), Y8, Y1
	VMULPS  Y9, Y0, Y2
	VADDPS  Y2, Y1, Y1    // m
	VMULPS  (DX), Y10, Y2
	VMULPS  Y11, Y0, Y3
	VMULPS  Y0, Y3, Y3
	VADDPS  Y3, Y2, Y2    // v
	VMOVUPS Y1, (SI)
	VMOVUPS Y2, (DX)
	VSQRTPS Y2, Y2
	VMULPS  Y14, Y2, Y2
	VADDPS  Y15, Y2, Y2
	VMULPS  Y13, Y1, Y1
	VDIVPS  Y2, Y1, Y1
	VMULPS  (DI), Y12, Y0
	VSUBPS  Y1, Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, R8
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET
