//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// delta16NEON does the second half of a position of the gated delta
// rule and the first half of the next position, for 16 columns (see
// deltaArgs in delta.go). So it reads and writes the state M only once.
//
// Registers
//	R0         args
//	R1         a row of the state
//	R2         bytes between rows of the state
//	R3         rows left
//	R4 - R6    the current elements of k, q and next
//	V0 - V3    a row of the state
//	V4 - V7    δ
//	V8 - V11   out
//	V12 - V15  Mᵀ next
//	V16        decay

// ADD4 adds element 0 of V(x) times δ to the row of the state.
#define ADD4(x) \
	VFMLAS(x, 0, 4, 0) \
	VFMLAS(x, 0, 5, 1) \
	VFMLAS(x, 0, 6, 2) \
	VFMLAS(x, 0, 7, 3)

// SUM4 adds element 0 of V(x) times the row of the state to four sums.
#define SUM4(x, a, b, c, d) \
	VFMLAS(x, 0, 0, a) \
	VFMLAS(x, 0, 1, b) \
	VFMLAS(x, 0, 2, c) \
	VFMLAS(x, 0, 3, d)

#define DECAY4 \
	VFMULS(16, 0, 0, 0) \
	VFMULS(16, 0, 1, 1) \
	VFMULS(16, 0, 2, 2) \
	VFMULS(16, 0, 3, 3)

#define LOAD_STATE \
	FLDPQ (R1), (F0, F1)   \
	FLDPQ 32(R1), (F2, F3)

#define STORE_STATE \
	FSTPQ (F0, F1), (R1)   \
	FSTPQ (F2, F3), 32(R1) \
	ADD   R2, R1

#define STORE_OUT \
	MOVD  deltaArgs_out(R0), R7 \
	FSTPQ (F8, F9), (R7)        \
	FSTPQ (F10, F11), 32(R7)

// func delta16NEON(args *deltaArgs)
TEXT ·delta16NEON(SB), NOSPLIT, $0-8
	MOVD  args+0(FP), R0
	MOVD  deltaArgs_state(R0), R1
	MOVD  deltaArgs_stride(R0), R2
	MOVD  deltaArgs_keys(R0), R3
	MOVD  deltaArgs_k(R0), R4
	MOVD  deltaArgs_q(R0), R5
	MOVD  deltaArgs_next(R0), R6
	ADD   $deltaArgs_delta, R0, R8
	FMOVS deltaArgs_decay(R0), F16
	FLDPQ (R8), (F4, F5)
	FLDPQ 32(R8), (F6, F7)
	VMOVI $0, V8.B16
	VMOVI $0, V9.B16
	VMOVI $0, V10.B16
	VMOVI $0, V11.B16
	VMOVI $0, V12.B16
	VMOVI $0, V13.B16
	VMOVI $0, V14.B16
	VMOVI $0, V15.B16
	CBZ   R4, first
	CBZ   R6, last

both:
	FMOVS.P 4(R4), F17
	FMOVS.P 4(R5), F18
	FMOVS.P 4(R6), F19
	LOAD_STATE
	ADD4(17)
	SUM4(18, 8, 9, 10, 11)
	DECAY4
	SUM4(19, 12, 13, 14, 15)
	STORE_STATE
	SUBS    $1, R3, R3
	BNE     both
	STORE_OUT
	B       delta

first:
	FMOVS.P 4(R6), F19
	LOAD_STATE
	DECAY4
	SUM4(19, 12, 13, 14, 15)
	STORE_STATE
	SUBS    $1, R3, R3
	BNE     first

delta:
	MOVD  deltaArgs_v(R0), R7
	FMOVS deltaArgs_beta(R0), F16
	FLDPQ (R7), (F0, F1)
	FLDPQ 32(R7), (F2, F3)
	VFSUB(12, 0, 0)
	VFSUB(13, 1, 1)
	VFSUB(14, 2, 2)
	VFSUB(15, 3, 3)
	DECAY4
	FSTPQ (F0, F1), (R8)
	FSTPQ (F2, F3), 32(R8)
	RET

last:
	FMOVS.P 4(R4), F17
	FMOVS.P 4(R5), F18
	LOAD_STATE
	ADD4(17)
	SUM4(18, 8, 9, 10, 11)
	STORE_STATE
	SUBS    $1, R3, R3
	BNE     last
	STORE_OUT
	RET

// func mulAdd4NEON(args *mulAddArgs)
//
// mulAdd4NEON computes four columns at a time. It
// adds a column's products in the order of the rows.
TEXT ·mulAdd4NEON(SB), NOSPLIT, $0-8
	MOVD args+0(FP), R0
	MOVD mulAddArgs_dst(R0), R1
	MOVD mulAddArgs_w(R0), R2
	MOVD mulAddArgs_wStride(R0), R3
	MOVD mulAddArgs_x(R0), R4
	MOVD mulAddArgs_xStride(R0), R5
	MOVD mulAddArgs_rows(R0), R6
	MOVD mulAddArgs_n(R0), R7

columns:
	FMOVQ (R1), F0
	MOVD  R2, R8
	MOVD  R4, R9
	MOVD  R6, R10

rows:
	FMOVQ   (R8), F1
	FMOVQ   (R9), F2
	VFMUL(2, 1, 1)
	VFADD(1, 0, 0)
	ADD     R3, R8
	ADD     R5, R9
	SUBS    $1, R10, R10
	BNE     rows
	FMOVQ.P F0, 16(R1)
	ADD     $16, R2
	ADD     $16, R4
	SUBS    $4, R7, R7
	BNE     columns
	RET
