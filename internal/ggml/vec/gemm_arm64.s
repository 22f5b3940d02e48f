//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "neon_arm64.h"

// These functions compute columns of a matrix product: c[i][j] = fma(a[i][p], b[p][j],
// c[i][j]) for p = 0, 1, ... k-1. If args.fresh is not 0, c[i][j] starts at 0.
//
// Registers
//	R1         the next rows of c
//	R2         the next rows of a
//	R3         b
//	R4 - R6    bytes between rows of c, a and b
//	R7         rows of c left
//	R8         k
//	R9         p left
//	R10        row p of b
//	R11 - R14  the current rows of a
//	R15        fresh
//	R19 - R22  the current rows of c
#define GEMM_ARGS \
	MOVD args+0(FP), R0           \
	MOVD gemmArgs_c(R0), R1       \
	MOVD gemmArgs_a(R0), R2       \
	MOVD gemmArgs_b(R0), R3       \
	MOVD gemmArgs_cStride(R0), R4 \
	MOVD gemmArgs_aStride(R0), R5 \
	MOVD gemmArgs_bStride(R0), R6 \
	MOVD gemmArgs_m(R0), R7       \
	MOVD gemmArgs_k(R0), R8       \
	MOVD gemmArgs_fresh(R0), R15

// func gemm32NEON(args *gemmArgs)
//
// gemm32NEON computes 32 columns of one row at a time, in V0 to V7.
TEXT ·gemm32NEON(SB), NOSPLIT, $0-8
	GEMM_ARGS

row:
	CBNZ  R15, row_fresh
	FLDPQ (R1), (F0, F1)
	FLDPQ 32(R1), (F2, F3)
	FLDPQ 64(R1), (F4, F5)
	FLDPQ 96(R1), (F6, F7)
	B     row_start

row_fresh:
	VMOVI $0, V0.B16
	VMOVI $0, V1.B16
	VMOVI $0, V2.B16
	VMOVI $0, V3.B16
	VMOVI $0, V4.B16
	VMOVI $0, V5.B16
	VMOVI $0, V6.B16
	VMOVI $0, V7.B16

row_start:
	MOVD R2, R11
	MOVD R3, R10
	MOVD R8, R9

step:
	FMOVS.P 4(R11), F28
	FLDPQ   (R10), (F16, F17)
	FLDPQ   32(R10), (F18, F19)
	FLDPQ   64(R10), (F20, F21)
	FLDPQ   96(R10), (F22, F23)
	VFMLAS(28, 0, 16, 0)
	VFMLAS(28, 0, 17, 1)
	VFMLAS(28, 0, 18, 2)
	VFMLAS(28, 0, 19, 3)
	VFMLAS(28, 0, 20, 4)
	VFMLAS(28, 0, 21, 5)
	VFMLAS(28, 0, 22, 6)
	VFMLAS(28, 0, 23, 7)
	ADD     R6, R10
	SUBS    $1, R9, R9
	BNE     step

	FSTPQ (F0, F1), (R1)
	FSTPQ (F2, F3), 32(R1)
	FSTPQ (F4, F5), 64(R1)
	FSTPQ (F6, F7), 96(R1)
	ADD   R4, R1
	ADD   R5, R2
	SUBS  $1, R7, R7
	BNE   row
	RET

// ROW4 adds 16 columns of b, in V16 to V19, times an element of a, which is element 0 of V(x).
#define ROW4(x, c0, c1, c2, c3) \
	VFMLAS(x, 0, 16, c0) \
	VFMLAS(x, 0, 17, c1) \
	VFMLAS(x, 0, 18, c2) \
	VFMLAS(x, 0, 19, c3)

// func gemm16NEON(args *gemmArgs)
//
// gemm16NEON computes 16 columns of 4 rows at a time, in
// V0 to V15, and then of one row at a time, in V0 to V3.
TEXT ·gemm16NEON(SB), NOSPLIT, $0-8
	GEMM_ARGS

rows4:
	CMP   $4, R7
	BLT   row
	MOVD  R1, R19
	ADD   R4, R19, R20
	ADD   R4, R20, R21
	ADD   R4, R21, R22
	MOVD  R2, R11
	ADD   R5, R11, R12
	ADD   R5, R12, R13
	ADD   R5, R13, R14
	CBNZ  R15, rows4_fresh
	FLDPQ (R19), (F0, F1)
	FLDPQ 32(R19), (F2, F3)
	FLDPQ (R20), (F4, F5)
	FLDPQ 32(R20), (F6, F7)
	FLDPQ (R21), (F8, F9)
	FLDPQ 32(R21), (F10, F11)
	FLDPQ (R22), (F12, F13)
	FLDPQ 32(R22), (F14, F15)
	B     rows4_start

rows4_fresh:
	VMOVI $0, V0.B16
	VMOVI $0, V1.B16
	VMOVI $0, V2.B16
	VMOVI $0, V3.B16
	VMOVI $0, V4.B16
	VMOVI $0, V5.B16
	VMOVI $0, V6.B16
	VMOVI $0, V7.B16
	VMOVI $0, V8.B16
	VMOVI $0, V9.B16
	VMOVI $0, V10.B16
	VMOVI $0, V11.B16
	VMOVI $0, V12.B16
	VMOVI $0, V13.B16
	VMOVI $0, V14.B16
	VMOVI $0, V15.B16

rows4_start:
	MOVD R3, R10
	MOVD R8, R9

step4:
	FMOVS.P 4(R11), F28
	FMOVS.P 4(R12), F29
	FMOVS.P 4(R13), F30
	FMOVS.P 4(R14), F31
	FLDPQ   (R10), (F16, F17)
	FLDPQ   32(R10), (F18, F19)
	ROW4(28, 0, 1, 2, 3)
	ROW4(29, 4, 5, 6, 7)
	ROW4(30, 8, 9, 10, 11)
	ROW4(31, 12, 13, 14, 15)
	ADD     R6, R10
	SUBS    $1, R9, R9
	BNE     step4

	FSTPQ (F0, F1), (R19)
	FSTPQ (F2, F3), 32(R19)
	FSTPQ (F4, F5), (R20)
	FSTPQ (F6, F7), 32(R20)
	FSTPQ (F8, F9), (R21)
	FSTPQ (F10, F11), 32(R21)
	FSTPQ (F12, F13), (R22)
	FSTPQ (F14, F15), 32(R22)
	ADD   R4, R22, R1
	ADD   R5<<2, R2
	SUB   $4, R7
	B     rows4

row:
	CBZ   R7, done
	CBNZ  R15, row_fresh
	FLDPQ (R1), (F0, F1)
	FLDPQ 32(R1), (F2, F3)
	B     row_start

row_fresh:
	VMOVI $0, V0.B16
	VMOVI $0, V1.B16
	VMOVI $0, V2.B16
	VMOVI $0, V3.B16

row_start:
	MOVD R2, R11
	MOVD R3, R10
	MOVD R8, R9

step:
	FMOVS.P 4(R11), F28
	FLDPQ   (R10), (F16, F17)
	FLDPQ   32(R10), (F18, F19)
	ROW4(28, 0, 1, 2, 3)
	ADD     R6, R10
	SUBS    $1, R9, R9
	BNE     step

	FSTPQ (F0, F1), (R1)
	FSTPQ (F2, F3), 32(R1)
	ADD   R4, R1
	ADD   R5, R2
	SUB   $1, R7
	B     row

done:
	RET

// func gemm4NEON(args *gemmArgs)
//
// gemm4NEON computes 4 columns of one row at a time, in V0.
TEXT ·gemm4NEON(SB), NOSPLIT, $0-8
	GEMM_ARGS

row:
	CBNZ  R15, row_fresh
	FMOVQ (R1), F0
	B     row_start

row_fresh:
	VMOVI $0, V0.B16

row_start:
	MOVD R2, R11
	MOVD R3, R10
	MOVD R8, R9

step:
	FMOVS.P 4(R11), F28
	FMOVQ   (R10), F16
	VFMLAS(28, 0, 16, 0)
	ADD     R6, R10
	SUBS    $1, R9, R9
	BNE     step

	FMOVQ F0, (R1)
	ADD   R4, R1
	ADD   R5, R2
	SUBS  $1, R7, R7
	BNE   row
	RET
