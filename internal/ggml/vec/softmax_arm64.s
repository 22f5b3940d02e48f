//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "exp_arm64.h"

// MOST sets each lane of most (register m) to the greater of it and the lane of
// s (register n). If either number is NaN, the lane stays. MOST clobbers V13.
#define MOST(n, s, m, most) \
	VFCMGT(m, n, 13)              \
	VBIT V13.B16, s.B16, most.B16

// func softmaxNEON(scores *float32, n int, half bool)
//
// softmaxNEON computes softmax over blocks of scores, with the operations of softmaxGeneric.
// Three passes find the greatest score, compute e^(score - greatest), and multiply by 1/sum.
//
// Registers
//	R0         scores
//	R1         number of scores, a multiple of 32
//	R2         whether to round the results to float16
//	R3         the current scores
//	R4         scores left in this pass
//	V0 - V15   scores and what EXP4 needs
//	V16        the greatest score in all lanes
//	V18 - V26  constants of EXP4
//	V28 - V31  sums, eight float64
TEXT ·softmaxNEON(SB), NOSPLIT, $0-17
	MOVD  scores+0(FP), R0
	MOVD  n+8(FP), R1
	MOVBU half+16(FP), R2
	EXP_CONSTANTS

	// Find the greatest score. No lane becomes NaN, so scores may be compared in any order.
	MOVD $0xff800000, R3
	VDUP R3, V12.S4      // -Inf
	VDUP R3, V14.S4
	MOVD R0, R3
	MOVD R1, R4

greatest:
	FLDPQ  (R3), (F0, F1)
	FLDPQ  32(R3), (F2, F3)
	MOST(0, V0, 12, V12)
	MOST(1, V1, 14, V14)
	MOST(2, V2, 12, V12)
	MOST(3, V3, 14, V14)
	ADD    $64, R3
	SUBS   $16, R4, R4
	BNE    greatest
	MOST(14, V14, 12, V12)
	VEXT8(12, 12, 14)
	MOST(14, V14, 12, V12)
	VREV64 V12.S4, V14.S4
	MOST(14, V14, 12, V12)
	VDUP   V12.S[0], V16.S4

	VMOVI $0, V28.B16
	VMOVI $0, V29.B16
	VMOVI $0, V30.B16
	VMOVI $0, V31.B16
	MOVD  R0, R3
	MOVD  R1, R4

exp:
	FLDPQ  (R3), (F0, F1)
	FLDPQ  32(R3), (F2, F3)
	FSUB4X(16, 0, 0)
	EXP4
	FSTPQ  (F0, F1), (R3)
	FSTPQ  (F2, F3), 32(R3)
	FLDPQ  64(R3), (F0, F1)
	FLDPQ  96(R3), (F2, F3)
	FSUB4X(16, 0, 0)
	EXP4
	FSTPQ  (F0, F1), 64(R3)
	FSTPQ  (F2, F3), 96(R3)
	FLDPQ  (R3), (F4, F5)
	FLDPQ  32(R3), (F6, F7)
	FADD4(0, 4, 4)
	VFADD(6, 4, 4)
	VFADD(7, 5, 5)
	VFCVTLD(4, 0)
	VFCVTL2D(4, 1)
	VFCVTLD(5, 2)
	VFCVTL2D(5, 3)
	VFADDD(0, 28, 28)
	VFADDD(1, 29, 29)
	VFADDD(2, 30, 30)
	VFADDD(3, 31, 31)
	ADD    $128, R3
	SUBS   $32, R4, R4
	BNE    exp
	VFADDD(30, 28, 28)      // s0+s4, s1+s5
	VFADDD(31, 29, 29)      // s2+s6, s3+s7
	VFADDD(29, 28, 28)
	VEXT8(28, 28, 29)
	FADDD  F29, F28, F28
	FMOVD  $1.0, F29
	FDIVD  F28, F29, F28
	FCVTDS F28, F28

	CBZ R2, scale

halves:
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FMUL4X(28, 0, 0, 0)
	VFCVTN(0, 0)
	VFCVTN(1, 1)
	VFCVTN(2, 2)
	VFCVTN(3, 3)
	VFCVTL(0, 0)
	VFCVTL(1, 1)
	VFCVTL(2, 2)
	VFCVTL(3, 3)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $16, R1, R1
	BNE   halves
	RET

scale:
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FMUL4X(28, 0, 0, 0)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	ADD   $64, R0
	SUBS  $16, R1, R1
	BNE   scale
	RET
