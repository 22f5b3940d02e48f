//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"
#include "exp_arm64.h"

// MOST puts the greater of Vs and V9 into V9, where either is NaN V9. Clobbers V10.
#define MOST(n, s) \
	VFCMGT(9, n, 10)            \
	VBIT V10.B16, s.B16, V9.B16

// func softmaxNEON(args *softmaxArgs)
//
// Softmax over rows of 32 scores: softmaxRowsGeneric, operation by operation.
//
// Registers
//	R0 scores  R1 max  R2 sum  R3 c  R4 rows left
//	V0-V7 the scores, then their e^x  V8 the greatest in all lanes, V12 the old one
//	V9-V11, V13-V15 scratch           V16-V28 constants
TEXT ·softmaxNEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R5
	MOVD softmaxArgs_scores(R5), R0
	MOVD softmaxArgs_max(R5), R1
	MOVD softmaxArgs_sum(R5), R2
	MOVD softmaxArgs_c(R5), R3
	MOVD softmaxArgs_rows(R5), R4
	EXP_CONSTANTS

row:
	VLD1R (R1), [V12.S4]
	FLDPQ (R0), (F0, F1)
	FLDPQ 32(R0), (F2, F3)
	FLDPQ 64(R0), (F4, F5)
	FLDPQ 96(R0), (F6, F7)

	// The lanes hold no NaN but the old greatest itself, so their order does
	// not matter.
	VMOV   V12.B16, V9.B16
	MOST(0, V0)
	MOST(1, V1)
	MOST(2, V2)
	MOST(3, V3)
	MOST(4, V4)
	MOST(5, V5)
	MOST(6, V6)
	MOST(7, V7)
	VEXT8(9, 9, 11)
	MOST(11, V11)
	VREV64 V9.S4, V11.S4
	MOST(11, V11)
	VDUP   V9.S[0], V8.S4
	FMOVS  F8, (R1)

	VFSUB(8, 0, 0)
	VFSUB(8, 1, 1)
	VFSUB(8, 2, 2)
	VFSUB(8, 3, 3)
	VFSUB(8, 4, 4)
	VFSUB(8, 5, 5)
	VFSUB(8, 6, 6)
	VFSUB(8, 7, 7)
	EXP(0, 9, 10, 11)
	EXP(1, 13, 14, 15)
	EXP(2, 9, 10, 11)
	EXP(3, 13, 14, 15)
	EXP(4, 9, 10, 11)
	EXP(5, 13, 14, 15)
	EXP(6, 9, 10, 11)
	EXP(7, 13, 14, 15)
	FSTPQ (F0, F1), (R0)
	FSTPQ (F2, F3), 32(R0)
	FSTPQ (F4, F5), 64(R0)
	FSTPQ (F6, F7), 96(R0)
	VFADD(2, 0, 0)
	VFADD(3, 1, 1)
	VFADD(4, 0, 0)
	VFADD(5, 1, 1)
	VFADD(6, 0, 0)
	VFADD(7, 1, 1)
	SUM8(0, 1)

	// c = e^(old - new), 1 where they are the same; sum = sum*c + new sum.
	FMOVS (R2), F1
	FCMPS F8, F12
	BNE   changed
	FADDS F0, F1, F1
	FMOVS F27, (R3)
	B     next

changed:
	VFSUB(8, 12, 12)
	EXP(12, 9, 10, 11)
	FMOVS F12, (R3)
	FMULS F12, F1, F1
	FADDS F0, F1, F1

next:
	FMOVS F1, (R2)
	ADD   $128, R0
	ADD   $4, R1
	ADD   $4, R2
	ADD   $4, R3
	SUBS  $1, R4, R4
	BNE   row
	RET
