//go:build !purego

#include "textflag.h"

// This file has steps of the Walsh-Hadamard transform (hadamard.go) for AVX2.
// A difference is computed as a sum, with the sign of the second number
// flipped. The bits are the same. Step h combines numbers that are h apart.

DATA signs<>+0x00(SB)/4, $0x00000000 // step 1: the signs of odd lanes
DATA signs<>+0x04(SB)/4, $0x80000000
DATA signs<>+0x08(SB)/4, $0x00000000
DATA signs<>+0x0c(SB)/4, $0x80000000
DATA signs<>+0x10(SB)/4, $0x00000000 // step 2: the signs of the upper two of four lanes
DATA signs<>+0x14(SB)/4, $0x00000000
DATA signs<>+0x18(SB)/4, $0x80000000
DATA signs<>+0x1c(SB)/4, $0x80000000
DATA signs<>+0x20(SB)/4, $0x80000000 // step 4: the signs of the upper half
GLOBL signs<>(SB), RODATA|NOPTR, $0x24

// EIGHT does steps 1, 2 and 4 for the eight numbers in x. u is scratch.
#define EIGHT(x, u) \
	VMOVSHDUP  x, u           \
	VMOVSLDUP  x, x           \
	VXORPS     Y13, u, u      \
	VADDPS     u, x, x        \
	VPERMILPS  $0xee, x, u    \
	VPERMILPS  $0x44, x, x    \
	VXORPS     Y14, u, u      \
	VADDPS     u, x, x        \
	VPERM2F128 $0x11, x, x, u \
	VPERM2F128 $0x00, x, x, x \
	VXORPS     Y15, u, u      \
	VADDPS     u, x, x

// PAIR replaces x by x+y, and y by x-y. u is scratch.
#define PAIR(x, y, u) \
	VMOVAPS x, u    \
	VADDPS  y, x, x \
	VSUBPS  y, u, y

// func hadamard32AVX2(x *float32, n int)
//
// hadamard32AVX2 does steps 1, 2, 4, 8 and 16 for each 32 numbers. n must be a multiple of 32.
TEXT ·hadamard32AVX2(SB), NOSPLIT, $0-16
	MOVQ           x+0(FP), DI
	MOVQ           n+8(FP), CX
	VBROADCASTF128 signs<>+0x00(SB), Y13
	VBROADCASTF128 signs<>+0x10(SB), Y14
	VBROADCASTSS   signs<>+0x20(SB), Y15
	VXORPS         Y4, Y4, Y4
	VBLENDPS       $0x0f, Y4, Y15, Y15   // the signs of the upper half only

loop:
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS 64(DI), Y2
	VMOVUPS 96(DI), Y3
	EIGHT(Y0, Y4)
	EIGHT(Y1, Y5)
	EIGHT(Y2, Y6)
	EIGHT(Y3, Y7)
	PAIR(Y0, Y1, Y4)
	PAIR(Y2, Y3, Y5)
	PAIR(Y0, Y2, Y4)
	PAIR(Y1, Y3, Y5)
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, 64(DI)
	VMOVUPS Y3, 96(DI)
	ADDQ    $128, DI
	SUBQ    $32, CX
	JNZ     loop
	VZEROUPPER
	RET

// func butterflyAVX2(lo, hi *float32, n int)
//
// butterflyAVX2 sets lo, hi = lo + hi, lo - hi. n must be a multiple of 16.
TEXT ·butterflyAVX2(SB), NOSPLIT, $0-24
	MOVQ lo+0(FP), DI
	MOVQ hi+8(FP), SI
	MOVQ n+16(FP), CX

loop:
	VMOVUPS (DI), Y0
	VMOVUPS 32(DI), Y1
	VMOVUPS (SI), Y2
	VMOVUPS 32(SI), Y3
	PAIR(Y0, Y2, Y4)
	PAIR(Y1, Y3, Y5)
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	VMOVUPS Y2, (SI)
	VMOVUPS Y3, 32(SI)
	ADDQ    $64, DI
	ADDQ    $64, SI
	SUBQ    $16, CX
	JNZ     loop
	VZEROUPPER
	RET
