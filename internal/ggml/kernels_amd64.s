//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The loops of the operations on AVX2 and FMA. Where a chain of additions has an
// order (see the portable functions) the lanes follow it; where each element is
// on its own, so is each lane.

// Constants of Exp32 (mathf.go), each in 8 lanes.
#define EXP_CONST(off, bits) \
	DATA expConst<>+(off+0)(SB)/4, $bits  \
	DATA expConst<>+(off+4)(SB)/4, $bits  \
	DATA expConst<>+(off+8)(SB)/4, $bits  \
	DATA expConst<>+(off+12)(SB)/4, $bits \
	DATA expConst<>+(off+16)(SB)/4, $bits \
	DATA expConst<>+(off+20)(SB)/4, $bits \
	DATA expConst<>+(off+24)(SB)/4, $bits \
	DATA expConst<>+(off+28)(SB)/4, $bits

EXP_CONST(0, 0xc2d00000)   // least, -104
EXP_CONST(32, 0x42b20000)  // most, 89
EXP_CONST(64, 0x3fb8aa3b)  // log2e
EXP_CONST(96, 0x4b400000)  // shift, 0x1.8p23
EXP_CONST(128, 0x3f317200) // ln2hi
EXP_CONST(160, 0x35bfbe8e) // ln2lo
EXP_CONST(192, 0x3ab688ff) // p4
EXP_CONST(224, 0x3c090631) // p3
EXP_CONST(256, 0x3d2aaa8c) // p2
EXP_CONST(288, 0x3e2aaa6e) // p1
EXP_CONST(320, 0x3f000000) // p0
EXP_CONST(352, 0x3f800000) // 1
EXP_CONST(384, 127)        // bias
EXP_CONST(416, 0x80000000) // sign
GLOBL expConst<>(SB), RODATA|NOPTR, $448

// EXP replaces x by e^x, operation by operation as Exp32. VMAXPS and VMINPS give
// their last source, x, where it is NaN. Clobbers a, b, c.
#define EXP(x, a, b, c) \
	VMOVUPS expConst<>+0(SB), a       \
	VMAXPS  x, a, x                   \
	VMOVUPS expConst<>+32(SB), a      \
	VMINPS  x, a, x                   \
	VMULPS  expConst<>+64(SB), x, a   \ // z = x*log2e + shift
	VADDPS  expConst<>+96(SB), a, a   \
	VSUBPS  expConst<>+96(SB), a, b   \ // nf
	VPSUBD  expConst<>+96(SB), a, a   \ // n
	VMULPS  expConst<>+128(SB), b, c  \
	VSUBPS  c, x, x                   \
	VMULPS  expConst<>+160(SB), b, c  \
	VSUBPS  c, x, x                   \ // r
	VMULPS  expConst<>+192(SB), x, b  \
	VADDPS  expConst<>+224(SB), b, b  \
	VMULPS  x, b, b                   \
	VADDPS  expConst<>+256(SB), b, b  \
	VMULPS  x, b, b                   \
	VADDPS  expConst<>+288(SB), b, b  \
	VMULPS  x, b, b                   \
	VADDPS  expConst<>+320(SB), b, b  \ // p
	VMULPS  x, x, c                   \
	VMULPS  b, c, c                   \
	VADDPS  x, c, c                   \
	VADDPS  expConst<>+352(SB), c, x  \ // r*r*p + r + 1
	VPSRAD  $1, a, b                  \ // half
	VPSUBD  b, a, a                   \
	VPADDD  expConst<>+384(SB), b, b  \
	VPADDD  expConst<>+384(SB), a, a  \
	VPSLLD  $23, b, b                 \
	VPSLLD  $23, a, a                 \
	VMULPS  b, x, x                   \
	VMULPS  a, x, x

// SUM8 adds the lanes of y, whose low half is x, by sum8's tree; th and t are
// scratch, th the low half of t.
#define SUM8(x, y, th, t) \
	VEXTRACTF128 $1, y, th \
	VADDPS   th, x, x      \ // s0+s4, s1+s5, s2+s6, s3+s7
	VMOVHLPS x, x, th      \
	VADDPS   th, x, x      \ // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7)
	VMOVSHDUP x, th        \
	VADDSS   th, x, x

// func softmaxAVX2(scores *[32]float32, m float32) (newMax, sum float32)
//
// Y0-Y3 the scores, Y4 the greatest in all lanes, Y5 the sums.
TEXT ·softmaxAVX2(SB), NOSPLIT, $0-24
	MOVQ         scores+0(FP), SI
	VBROADCASTSS m+8(FP), Y4
	VMOVUPS      (SI), Y0
	VMOVUPS      32(SI), Y1
	VMOVUPS      64(SI), Y2
	VMOVUPS      96(SI), Y3

	// s > m ? s : m, which VMAXPS is with m as its last source, also for NaN.
	VMAXPS Y4, Y0, Y5
	VMAXPS Y5, Y1, Y5
	VMAXPS Y5, Y2, Y5
	VMAXPS Y5, Y3, Y5

	// The lanes hold no NaN but m itself, so their order does not matter.
	VPERM2F128   $1, Y5, Y5, Y6
	VMAXPS       Y6, Y5, Y5
	VSHUFPS      $0x4e, Y5, Y5, Y6
	VMAXPS       Y6, Y5, Y5
	VSHUFPS      $0xb1, Y5, Y5, Y6
	VMAXPS       Y6, Y5, Y4
	VMOVSS       X4, newMax+16(FP)

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

	VXORPS Y5, Y5, Y5
	VADDPS Y0, Y5, Y5
	VADDPS Y1, Y5, Y5
	VADDPS Y2, Y5, Y5
	VADDPS Y3, Y5, Y5
	SUM8(X5, Y5, X6, Y6)
	VMOVSS X5, sum+20(FP)
	VZEROUPPER
	RET

// func silu8AVX2(gate, up *float32, n int)
TEXT ·silu8AVX2(SB), NOSPLIT, $0-24
	MOVQ gate+0(FP), DI
	MOVQ up+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS (DI), Y0
	VXORPS  expConst<>+416(SB), Y0, Y1
	EXP(Y1, Y6, Y7, Y8)
	VADDPS  expConst<>+352(SB), Y1, Y1
	VDIVPS  Y1, Y0, Y0
	VMULPS  (SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $32, DI
	ADDQ    $32, SI
	SUBQ    $8, CX
	JNZ     loop
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
// One chain of fused multiply-adds a lane, as quant.DotF32.
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
	VMOVSS X0, ret+16(FP)
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

// func rotateAdjacent4AVX2(x, cos, sin *float32, n int)
//
// Four pairs a step: (a, b) becomes (a*c - b*s, a*s + b*c). VADDSUBPS subtracts
// in even lanes and adds in odd ones; b*c + a*s is a*s + b*c to the bit.
TEXT ·rotateAdjacent4AVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), DI
	MOVQ cos+8(FP), SI
	MOVQ sin+16(FP), DX
	MOVQ n+24(FP), CX

loop:
	VPMOVZXDQ (SI), Y1       // c0 0 c1 0 ...
	VMOVSLDUP Y1, Y1         // c0 c0 c1 c1 ...
	VPMOVZXDQ (DX), Y2
	VMOVSLDUP Y2, Y2
	VMOVUPS   (DI), Y0       // a0 b0 a1 b1 ...
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

// func rotateHalves8AVX2(x, y, cos, sin *float32, n int)
TEXT ·rotateHalves8AVX2(SB), NOSPLIT, $0-40
	MOVQ x+0(FP), DI
	MOVQ y+8(FP), R8
	MOVQ cos+16(FP), SI
	MOVQ sin+24(FP), DX
	MOVQ n+32(FP), CX

loop:
	VMOVUPS (SI), Y1
	VMOVUPS (DX), Y2
	VMOVUPS (DI), Y3
	VMOVUPS (R8), Y4
	VMULPS  Y1, Y3, Y5 // a*c
	VMULPS  Y2, Y4, Y6 // b*s
	VSUBPS  Y6, Y5, Y5
	VMULPS  Y2, Y3, Y6 // a*s
	VMULPS  Y1, Y4, Y7 // b*c
	VADDPS  Y7, Y6, Y6
	VMOVUPS Y5, (DI)
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
