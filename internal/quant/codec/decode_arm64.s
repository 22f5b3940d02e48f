//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// func decodeF16NEON(dst *float32, src *byte, n int)
//
// n is a multiple of 8.
TEXT ·decodeF16NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD n+16(FP), R2

loop:
	FMOVQ (R1), F0
	VFCVTL(0, 1)
	VFCVTL2(0, 2)
	FSTPQ (F1, F2), (R0)
	ADD   $16, R1
	ADD   $32, R0
	SUBS  $8, R2, R2
	BNE   loop
	RET

// func decodeQ8_0NEON(dst *float32, src *byte, nb int)
//
// Registers
//	R0        dst
//	R1        the current block
//	R2        blocks left
//	V16, V17  weights as bytes
//	V18-V21   weights as int16
//	V0-V7     weights as int32, then as float32
//	V22       scale
TEXT ·decodeQ8_0NEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD src+8(FP), R1
	MOVD nb+16(FP), R2

loop:
	FMOVS  (R1), F22
	FCVTHS F22, F22
	FMOVQ  2(R1), F16
	FMOVQ  18(R1), F17
	VSXTL8H(16, 18)
	VSXTL28H(16, 19)
	VSXTL8H(17, 20)
	VSXTL28H(17, 21)
	VSXTL4S(18, 0)
	VSXTL24S(18, 1)
	VSXTL4S(19, 2)
	VSXTL24S(19, 3)
	VSXTL4S(20, 4)
	VSXTL24S(20, 5)
	VSXTL4S(21, 6)
	VSXTL24S(21, 7)
	VSCVTF(0, 0)
	VSCVTF(1, 1)
	VSCVTF(2, 2)
	VSCVTF(3, 3)
	VSCVTF(4, 4)
	VSCVTF(5, 5)
	VSCVTF(6, 6)
	VSCVTF(7, 7)
	VFMULS(22, 0, 0, 0)
	VFMULS(22, 0, 1, 1)
	VFMULS(22, 0, 2, 2)
	VFMULS(22, 0, 3, 3)
	VFMULS(22, 0, 4, 4)
	VFMULS(22, 0, 5, 5)
	VFMULS(22, 0, 6, 6)
	VFMULS(22, 0, 7, 7)
	FSTPQ  (F0, F1), (R0)
	FSTPQ  (F2, F3), 32(R0)
	FSTPQ  (F4, F5), 64(R0)
	FSTPQ  (F6, F7), 96(R0)
	ADD    $34, R1
	ADD    $128, R0
	SUBS   $1, R2, R2
	BNE    loop
	RET
