//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "exp_amd64.h"

// This file has the loops of the operations for AVX2 and FMA. Loops that compute a sum add in the
// order of the portable functions. In the other loops, no lane's result depends on another lane.

// SILU computes gate = gate / (1 + e) * up for the eight elements at offset off. e is e^-gate.
#define SILU(off, e, t) \
	VADDPS  Y14, e, e     \
	VMOVUPS off(DI), t    \
	VDIVPS  e, t, t       \
	VMULPS  off(SI), t, t \
	VMOVUPS t, off(DI)

// func silu8AVX2(gate, up *float32, n int)
//
// It takes four vectors at a time, and then the remaining vectors one by one.
TEXT ·silu8AVX2(SB), NOSPLIT, $0-24
	MOVQ    gate+0(FP), DI
	MOVQ    up+8(FP), SI
	MOVQ    n+16(FP), CX
	VMOVUPS ·expConst+384(SB), Y12 // sign
	VMOVUPS ·expConst+32(SB), Y13  // most
	VMOVUPS ·expConst+352(SB), Y14 // 1

four:
	SUBQ   $32, CX
	JLT    rest
	VXORPS (DI), Y12, Y0
	VXORPS 32(DI), Y12, Y1
	VXORPS 64(DI), Y12, Y2
	VXORPS 96(DI), Y12, Y3
	VMINPS Y0, Y13, Y0
	VMINPS Y1, Y13, Y1
	VMINPS Y2, Y13, Y2
	VMINPS Y3, Y13, Y3
	EXP4
	SILU(0, Y0, Y4)
	SILU(32, Y1, Y5)
	SILU(64, Y2, Y6)
	SILU(96, Y3, Y7)
	ADDQ   $128, DI
	ADDQ   $128, SI
	JMP    four

rest:
	ADDQ $32, CX
	JZ   done

one:
	VXORPS (DI), Y12, Y0
	VMINPS Y0, Y13, Y0
	EXP4
	SILU(0, Y0, Y4)
	ADDQ   $32, DI
	ADDQ   $32, SI
	SUBQ   $8, CX
	JNZ    one

done:
	VZEROUPPER
	RET

// SIGMOID computes dst = 1 / (1 + e) for the eight elements at offset off. e is e^-x.
#define SIGMOID(off, e) \
	VADDPS  Y14, e, e  \
	VDIVPS  e, Y14, e  \
	VMOVUPS e, off(DI)

// func sigmoid8AVX2(dst, x *float32, n int)
//
// It takes four vectors at a time, and then the remaining vectors one by one.
TEXT ·sigmoid8AVX2(SB), NOSPLIT, $0-24
	MOVQ    dst+0(FP), DI
	MOVQ    x+8(FP), SI
	MOVQ    n+16(FP), CX
	VMOVUPS ·expConst+384(SB), Y12 // sign
	VMOVUPS ·expConst+32(SB), Y13  // most
	VMOVUPS ·expConst+352(SB), Y14 // 1

four:
	SUBQ   $32, CX
	JLT    rest
	VXORPS (SI), Y12, Y0
	VXORPS 32(SI), Y12, Y1
	VXORPS 64(SI), Y12, Y2
	VXORPS 96(SI), Y12, Y3
	VMINPS Y0, Y13, Y0
	VMINPS Y1, Y13, Y1
	VMINPS Y2, Y13, Y2
	VMINPS Y3, Y13, Y3
	EXP4
	SIGMOID(0, Y0)
	SIGMOID(32, Y1)
	SIGMOID(64, Y2)
	SIGMOID(96, Y3)
	ADDQ   $128, DI
	ADDQ   $128, SI
	JMP    four

rest:
	ADDQ $32, CX
	JZ   done

one:
	VXORPS (SI), Y12, Y0
	VMINPS Y0, Y13, Y0
	EXP4
	SIGMOID(0, Y0)
	ADDQ   $32, DI
	ADDQ   $32, SI
	SUBQ   $8, CX
	JNZ    one

done:
	VZEROUPPER
	RET

// func scale8AVX2(x *float32, n int, by float32)
TEXT ·scale8AVX2(SB), NOSPLIT, $0-20
	MOVQ         x+0(FP), DI
	MOVQ         n+8(FP), CX
	VBROADCASTSS by+16(FP), Y1

loop:
	VMULPS  (DI), Y1, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func add8AVX2(dst, x *float32, n int)
TEXT ·add8AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ x+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS (DI), Y0
	VADDPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func sumSquaresAVX2(x *float32, n int) float32
//
// Each lane computes one chain of fused multiply-adds, as in matmul.DotF32.
TEXT ·sumSquaresAVX2(SB), NOSPLIT, $0-20
	MOVQ   x+0(FP), SI
	MOVQ   n+8(FP), CX
	VXORPS Y0, Y0, Y0

loop:
	VMOVUPS     (SI), Y1
	VFMADD231PS Y1, Y1, Y0
	ADDQ        $32, SI
	SUBQ        $8, CX
	JNZ         loop
	SUM8(X0, Y0, X1, Y1)
	VMOVSS      X0, ret+16(FP)
	VZEROUPPER
	RET

// func mulNorm8AVX2(dst, x, w *float32, n int, scale float32)
TEXT ·mulNorm8AVX2(SB), NOSPLIT, $0-36
	MOVQ         dst+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         w+16(FP), DX
	MOVQ         n+24(FP), CX
	VBROADCASTSS scale+32(FP), Y1

loop:
	VMULPS  (SI), Y1, Y0
	VMULPS  (DX), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, SI
	ADDQ    $32, DX
	ADDQ    $32, DI
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func rotate4AVX2(x, cos, sin *float32, n int)
//
// Each step rotates four pairs: (a, b) becomes (a*c - b*s, a*s + b*c).
// VADDSUBPS subtracts in even lanes and adds in odd lanes. In odd
// lanes, it computes b*c + a*s, which has the same bits as a*s + b*c.
TEXT ·rotate4AVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ cos+8(FP), SI
	MOVQ sin+16(FP), DX
	MOVQ n+24(FP), CX

loop:
	VPMOVZXDQ (SI), Y1          // c0 0 c1 0 ...
	VMOVSLDUP Y1, Y1            // c0 c0 c1 c1 ...
	VPMOVZXDQ (DX), Y2
	VMOVSLDUP Y2, Y2
	VMOVUPS   (DI), Y0          // a0 b0 a1 b1 ...
	VSHUFPS   $0xb1, Y0, Y0, Y3 // b0 a0 b1 a1 ...
	VMULPS    Y1, Y0, Y0
	VMULPS    Y2, Y3, Y3
	VADDSUBPS Y3, Y0, Y0
	VMOVUPS   Y0, (DI)
	ADDQ      $32, DI
	ADDQ      $16, SI
	ADDQ      $16, DX
	SUBQ      $4, CX
	JNZ       loop
	VZEROUPPER
	RET

// func rotateHalves8AVX2(a, b, cos, sin *float32, n int)
//
// Each step rotates eight pairs: (a, b) becomes (a*c - b*s, a*s + b*c).
TEXT ·rotateHalves8AVX2(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), DI
	MOVQ b+8(FP), R8
	MOVQ cos+16(FP), SI
	MOVQ sin+24(FP), DX
	MOVQ n+32(FP), CX

loop:
	VMOVUPS (DI), Y0
	VMOVUPS (R8), Y1
	VMOVUPS (SI), Y2
	VMOVUPS (DX), Y3
	VMULPS  Y2, Y0, Y4 // a*c
	VMULPS  Y3, Y1, Y5 // b*s
	VMULPS  Y3, Y0, Y6 // a*s
	VMULPS  Y2, Y1, Y7 // b*c
	VSUBPS  Y5, Y4, Y4
	VADDPS  Y7, Y6, Y6
	VMOVUPS Y4, (DI)
	VMOVUPS Y6, (R8)
	ADDQ    $32, DI
	ADDQ    $32, R8
	ADDQ    $32, SI
	ADDQ    $32, DX
	SUBQ    $8, CX
	JNZ     loop
	VZEROUPPER
	RET

// func widenQ8AVX2(dst *[1024]float32, q *[1024]byte, scale *[32]float32)
TEXT ·widenQ8AVX2(SB), NOSPLIT, $0-24
	MOVQ    dst+0(FP), DI
	MOVQ    q+8(FP), SI
	MOVQ    scale+16(FP), DX
	VMOVUPS (DX), Y4
	VMOVUPS 32(DX), Y5
	VMOVUPS 64(DX), Y6
	VMOVUPS 96(DX), Y7
	MOVQ    $32, CX

loop:
	VPMOVSXBD (SI), Y0
	VPMOVSXBD 8(SI), Y1
	VPMOVSXBD 16(SI), Y2
	VPMOVSXBD 24(SI), Y3
	VCVTDQ2PS Y0, Y0
	VCVTDQ2PS Y1, Y1
	VCVTDQ2PS Y2, Y2
	VCVTDQ2PS Y3, Y3
	VMULPS    Y4, Y0, Y0
	VMULPS    Y5, Y1, Y1
	VMULPS    Y6, Y2, Y2
	VMULPS    Y7, Y3, Y3
	VMOVUPS   Y0, (DI)
	VMOVUPS   Y1, 32(DI)
	VMOVUPS   Y2, 64(DI)
	VMOVUPS   Y3, 96(DI)
	ADDQ      $32, SI
	ADDQ      $128, DI
	DECQ      CX
	JNZ       loop
	VZEROUPPER
	RET
