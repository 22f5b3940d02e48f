//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "exp_arm64.h"

// MOST puts the greater of Vs and V12 into V12, where either is NaN V12. Clobbers
// V13.
#define MOST(n, s) \
	VFCMGT(12, n, 13)            \
	VBIT V13.B16, s.B16, V12.B16

// func softmaxNEON(args *softmaxArgs)
//
// Softmax over rows of 32 scores: softmaxRowsGeneric, operation by operation.
//
// Registers
//	R0 scores  R1 max  R2 sum  R3 c  R4 rows left  R5 halves of a row left
//	V0-V7 the scores, V0-V15 of EXP4    V16-V17 sums, eight lanes
//	V28 the greatest in all lanes, V29 the old one
TEXT ·softmaxNEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R5
	MOVD softmaxArgs_scores(R5), R0
	MOVD softmaxArgs_max(R5), R1
	MOVD softmaxArgs_sum(R5), R2
	MOVD softmaxArgs_c(R5), R3
	MOVD softmaxArgs_rows(R5), R4
	EXP_CONSTANTS

row:
	VLD1R (R1), [V29.S4]
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FLDPQ 64(R0), (F4, F5)
	FLDPQ 96(R0), (F6, F7)

	// The lanes hold no NaN but the old greatest itself, so their order does
	// not matter.
	VMOV   V29.B16, V12.B16
	MOST(0, V0)
	MOST(1, V1)
	MOST(2, V2)
	MOST(3, V3)
	MOST(4, V4)
	MOST(5, V5)
	MOST(6, V6)
	MOST(7, V7)
	VEXT8(12, 12, 14)
	MOST(14, V14)
	VREV64 V12.S4, V14.S4
	MOST(14, V14)
	VDUP   V12.S[0], V28.S4
	FMOVS  F28, (R1)
	VMOVI  $0, V16.B16
	VMOVI  $0, V17.B16
	MOVD   $2, R5

half:
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FSUB4X(28, 0, 0)
	EXP4
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	VFADD(0, 16, 16)
	VFADD(1, 17, 17)
	VFADD(2, 16, 16)
	VFADD(3, 17, 17)
	ADD   $64, R0
	SUBS  $1, R5, R5
	BNE   half
	SUM8(16, 17)

	// c = e^(old - new), 1 where they are the same; sum = sum*c + new sum.
	FMOVS (R2), F17
	FCMPS F28, F29
	BNE   changed
	FADDS F16, F17, F17
	FMOVS F26, (R3)
	B     next

changed:
	VFSUB(28, 29, 0)
	EXP4
	FMOVS F0, (R3)
	FMULS F0, F17, F17
	FADDS F16, F17, F17

next:
	FMOVS F17, (R2)
	ADD   $4, R1
	ADD   $4, R2
	ADD   $4, R3
	SUBS  $1, R4, R4
	BNE   row
	RET
