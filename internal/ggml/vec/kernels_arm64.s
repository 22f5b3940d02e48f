//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"
#include "exp_arm64.h"

// This file has the loops of the operations. Loops that compute a sum add in the
// order of the portable functions. In the other loops, no lane's result depends on another lane.

// func silu16NEON(gate, up *float32, n int)
//
// gate = gate / (1 + e^-gate) * up. V28 to V31 hold gate.
TEXT ·silu16NEON(SB), NOSPLIT, $0-24
	MOVD gate+0(FP), R0
	MOVD up+8(FP), R1
	MOVD n+16(FP), R2
	EXP_CONSTANTS

loop:
	FLDPQ (R0), (F28, F29)
	FLDPQ 32(R0), (F30, F31)
	VFNEG(28, 0)
	VFNEG(29, 1)
	VFNEG(30, 2)
	VFNEG(31, 3)
	FMIN4X(20, 0, 0)
	EXP4
	FADD4X(26, 0, 0)
	VFDIV(0, 28, 28)
	VFDIV(1, 29, 29)
	VFDIV(2, 30, 30)
	VFDIV(3, 31, 31)
	FLDPQ (R1), (F4, F5)
	FLDPQ 32(R1), (F6, F7)
	FMUL4(4, 28, 28)
	FSTPQ (F28, F29), (R0)
	FSTPQ (F30, F31), 32(R0)
	ADD   $64, R0
	ADD   $64, R1
	SUBS  $16, R2, R2
	BNE   loop
	RET

// func sigmoid16NEON(dst, x *float32, n int)
//
// dst = 1 / (1 + e^-x)
TEXT ·sigmoid16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2
	EXP_CONSTANTS

loop:
	FLDPQ (R1), (F28, F29)
	FLDPQ 32(R1), (F30, F31)
	VFNEG(28, 0)
	VFNEG(29, 1)
	VFNEG(30, 2)
	VFNEG(31, 3)
	FMIN4X(20, 0, 0)
	EXP4
	FADD4X(26, 0, 0)
	VFDIV(0, 26, 28)
	VFDIV(1, 26, 29)
	VFDIV(2, 26, 30)
	VFDIV(3, 26, 31)
	FSTPQ (F28, F29), (R0)
	FSTPQ (F30, F31), 32(R0)
	ADD   $64, R0
	ADD   $64, R1
	SUBS  $16, R2, R2
	BNE   loop
	RET

// func scale4NEON(x *float32, n int, by float32)
TEXT ·scale4NEON(SB), NOSPLIT, $0-20
	MOVD  x+0(FP), R0
	MOVD  n+8(FP), R1
	FMOVS by+16(FP), F1

loop:
	FMOVQ (R0), F0
	VFMULS(1, 0, 0, 0)
	FMOVQ F0, (R0)
	ADD   $16, R0
	SUBS  $4, R1, R1
	BNE   loop
	RET

// func add4NEON(dst, x *float32, n int)
TEXT ·add4NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD x+8(FP), R1
	MOVD n+16(FP), R2

loop:
	FMOVQ (R0), F0
	FMOVQ (R1), F1
	VFADD(1, 0, 0)
	FMOVQ F0, (R0)
	ADD   $16, R0
	ADD   $16, R1
	SUBS  $4, R2, R2
	BNE   loop
	RET

// func sumSquares8NEON(x *float32, n int) float32
//
// Each lane computes one chain of fused multiply-adds, as in matmul.DotF32.
TEXT ·sumSquares8NEON(SB), NOSPLIT, $0-20
	MOVD x+0(FP), R0
	MOVD n+8(FP), R1
	VEOR V0.B16, V0.B16, V0.B16
	VEOR V1.B16, V1.B16, V1.B16

loop:
	FLDPQ (R0), (F2, F3)
	VFMLA V2.S4, V2.S4, V0.S4
	VFMLA V3.S4, V3.S4, V1.S4
	ADD   $32, R0
	SUBS  $8, R1, R1
	BNE   loop
	SUM8(0, 1)
	FMOVS F0, ret+16(FP)
	RET

// func mulNorm8NEON(dst, x, w *float32, n int, scale float32)
TEXT ·mulNorm8NEON(SB), NOSPLIT, $0-36
	MOVD  dst+0(FP), R0
	MOVD  x+8(FP), R1
	MOVD  w+16(FP), R2
	MOVD  n+24(FP), R3
	FMOVS scale+32(FP), F4

loop:
	FLDPQ (R1), (F0, F1)
	FLDPQ (R2), (F2, F3)
	VFMULS(4, 0, 0, 0)
	VFMULS(4, 0, 1, 1)
	VFMUL(2, 0, 0)
	VFMUL(3, 1, 1)
	FSTPQ (F0, F1), (R0)
	ADD   $32, R0
	ADD   $32, R1
	ADD   $32, R2
	SUBS  $8, R3, R3
	BNE   loop
	RET

// func rotate4NEON(x, cos, sin *float32, n int)
//
// Each step rotates four pairs: a in V0 becomes a*c - b*s, and b in V1 becomes a*s + b*c.
TEXT ·rotate4NEON(SB), NOSPLIT, $0-32
	MOVD x+0(FP), R0
	MOVD cos+8(FP), R1
	MOVD sin+16(FP), R2
	MOVD n+24(FP), R3

loop:
	VLD2   (R0), [V0.S4, V1.S4]
	FMOVQ  (R1), F2
	FMOVQ  (R2), F3
	VFMUL(2, 0, 4)                // a*c
	VFMUL(3, 1, 5)                // b*s
	VFMUL(3, 0, 6)                // a*s
	VFMUL(2, 1, 7)                // b*c
	VFSUB(5, 4, 0)
	VFADD(7, 6, 1)
	VST2.P [V0.S4, V1.S4], 32(R0)
	ADD    $16, R1
	ADD    $16, R2
	SUBS   $4, R3, R3
	BNE    loop
	RET

// func rotateHalves8NEON(a, b, cos, sin *float32, n int)
//
// Each step rotates eight pairs: a in V0 and V2 becomes a*c - b*s, and b in V1
// and V3 becomes a*s + b*c.
TEXT ·rotateHalves8NEON(SB), NOSPLIT, $0-40
	MOVD a+0(FP), R0
	MOVD b+8(FP), R1
	MOVD cos+16(FP), R2
	MOVD sin+24(FP), R3
	MOVD n+32(FP), R4

loop:
	FLDPQ (R0), (F0, F2)
	FLDPQ (R1), (F1, F3)
	FLDPQ (R2), (F4, F5)
	FLDPQ (R3), (F6, F7)
	VFMUL(4, 0, 16)      // a*c
	VFMUL(6, 1, 17)      // b*s
	VFMUL(6, 0, 18)      // a*s
	VFMUL(4, 1, 19)      // b*c
	VFMUL(5, 2, 20)
	VFMUL(7, 3, 21)
	VFMUL(7, 2, 22)
	VFMUL(5, 3, 23)
	VFSUB(17, 16, 0)
	VFADD(19, 18, 1)
	VFSUB(21, 20, 2)
	VFADD(23, 22, 3)
	FSTPQ (F0, F2), (R0)
	FSTPQ (F1, F3), (R1)
	ADD   $32, R0
	ADD   $32, R1
	ADD   $32, R2
	ADD   $32, R3
	SUBS  $8, R4, R4
	BNE   loop
	RET

// func widenQ8NEON(dst *[1024]float32, q *[1024]byte, scale *[32]float32)
//
// V24 to V31 hold the scales of the 32 positions.
TEXT ·widenQ8NEON(SB), NOSPLIT, $0-24
	MOVD  dst+0(FP), R0
	MOVD  q+8(FP), R1
	MOVD  scale+16(FP), R2
	FLDPQ (R2), (F24, F25)
	FLDPQ 32(R2), (F26, F27)
	FLDPQ 64(R2), (F28, F29)
	FLDPQ 96(R2), (F30, F31)
	MOVD  $32, R3

loop:
	FLDPQ (R1), (F16, F17)
	VSXTL8H(16, 20)
	VSXTL28H(16, 21)
	VSXTL8H(17, 22)
	VSXTL28H(17, 23)
	VSXTL4S(20, 0)
	VSXTL24S(20, 1)
	VSXTL4S(21, 2)
	VSXTL24S(21, 3)
	VSXTL4S(22, 4)
	VSXTL24S(22, 5)
	VSXTL4S(23, 6)
	VSXTL24S(23, 7)
	VSCVTF(0, 0)
	VSCVTF(1, 1)
	VSCVTF(2, 2)
	VSCVTF(3, 3)
	VSCVTF(4, 4)
	VSCVTF(5, 5)
	VSCVTF(6, 6)
	VSCVTF(7, 7)
	VFMUL(24, 0, 0)
	VFMUL(25, 1, 1)
	VFMUL(26, 2, 2)
	VFMUL(27, 3, 3)
	VFMUL(28, 4, 4)
	VFMUL(29, 5, 5)
	VFMUL(30, 6, 6)
	VFMUL(31, 7, 7)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	FSTPQ (F4, F5), 64(R0)
	FSTPQ (F6, F7), 96(R0)
	ADD   $32, R1
	ADD   $128, R0
	SUBS  $1, R3, R3
	BNE   loop
	RET
