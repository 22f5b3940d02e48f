//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// These functions do the second half of a position of the gated delta rule
// and the first half of the next position, for a few vectors of columns (see
// deltaArgs in delta.go). So they read and write the state M only once.
//
// Registers
//	DI          args
//	CX          rows of the state left
//	AX          a row of the state
//	DX          bytes between rows of the state
//	SI, R8, R9  the current elements of k, q and next
#define DELTA_ARGS \
	MOVQ args+0(FP), DI           \
	MOVQ deltaArgs_state(DI), AX  \
	MOVQ deltaArgs_stride(DI), DX \
	MOVQ deltaArgs_keys(DI), CX   \
	MOVQ deltaArgs_k(DI), SI      \
	MOVQ deltaArgs_q(DI), R8      \
	MOVQ deltaArgs_next(DI), R9

#define CLEAR4(a, b, c, d) \
	VXORPS a, a, a \
	VXORPS b, b, b \
	VXORPS c, c, c \
	VXORPS d, d, d

#define LOAD4(p, a, b, c, d) \
	VMOVUPS (p), a    \
	VMOVUPS 64(p), b  \
	VMOVUPS 128(p), c \
	VMOVUPS 192(p), d

#define STORE4(a, b, c, d, p) \
	VMOVUPS a, (p)    \
	VMOVUPS b, 64(p)  \
	VMOVUPS c, 128(p) \
	VMOVUPS d, 192(p)

// ADD4 adds x times δ to the row of the state in Z0 to Z3.
#define ADD4(x) \
	VFMADD231PS x, Z4, Z0 \
	VFMADD231PS x, Z5, Z1 \
	VFMADD231PS x, Z6, Z2 \
	VFMADD231PS x, Z7, Z3

// SUM4 adds x times this row to a, b, c and d.
#define SUM4(x, a, b, c, d) \
	VFMADD231PS x, Z0, a \
	VFMADD231PS x, Z1, b \
	VFMADD231PS x, Z2, c \
	VFMADD231PS x, Z3, d

#define DECAY4 \
	VMULPS Z16, Z0, Z0 \
	VMULPS Z16, Z1, Z1 \
	VMULPS Z16, Z2, Z2 \
	VMULPS Z16, Z3, Z3

// func delta64AVX512(args *deltaArgs)
//
//	Z0 - Z3    a row of the state
//	Z4 - Z7    δ
//	Z8 - Z11   out
//	Z12 - Z15  Mᵀ next
//	Z16        decay, then beta
TEXT ·delta64AVX512(SB), NOSPLIT, $0-8
	DELTA_ARGS
	VBROADCASTSS deltaArgs_decay(DI), Z16
	LEAQ         deltaArgs_delta(DI), R10
	CLEAR4(Y8, Y9, Y10, Y11)
	CLEAR4(Y12, Y13, Y14, Y15)
	LOAD4(R10, Z4, Z5, Z6, Z7)
	TESTQ        SI, SI
	JZ           first
	TESTQ        R9, R9
	JZ           last

both:
	VBROADCASTSS (SI), Z17
	VBROADCASTSS (R8), Z18
	VBROADCASTSS (R9), Z19
	LOAD4(AX, Z0, Z1, Z2, Z3)
	ADD4(Z17)
	SUM4(Z18, Z8, Z9, Z10, Z11)
	DECAY4
	SUM4(Z19, Z12, Z13, Z14, Z15)
	STORE4(Z0, Z1, Z2, Z3, AX)
	ADDQ         $4, SI
	ADDQ         $4, R8
	ADDQ         $4, R9
	ADDQ         DX, AX
	DECQ         CX
	JNZ          both
	MOVQ         deltaArgs_out(DI), BX
	STORE4(Z8, Z9, Z10, Z11, BX)
	JMP          delta

first:
	VBROADCASTSS (R9), Z19
	LOAD4(AX, Z0, Z1, Z2, Z3)
	DECAY4
	SUM4(Z19, Z12, Z13, Z14, Z15)
	STORE4(Z0, Z1, Z2, Z3, AX)
	ADDQ         $4, R9
	ADDQ         DX, AX
	DECQ         CX
	JNZ          first

delta:
	VBROADCASTSS deltaArgs_beta(DI), Z16
	MOVQ         deltaArgs_v(DI), BX
	LOAD4(BX, Z0, Z1, Z2, Z3)
	VSUBPS       Z12, Z0, Z0
	VSUBPS       Z13, Z1, Z1
	VSUBPS       Z14, Z2, Z2
	VSUBPS       Z15, Z3, Z3
	DECAY4
	STORE4(Z0, Z1, Z2, Z3, R10)
	VZEROUPPER
	RET

last:
	VBROADCASTSS (SI), Z17
	VBROADCASTSS (R8), Z18
	LOAD4(AX, Z0, Z1, Z2, Z3)
	ADD4(Z17)
	SUM4(Z18, Z8, Z9, Z10, Z11)
	STORE4(Z0, Z1, Z2, Z3, AX)
	ADDQ         $4, SI
	ADDQ         $4, R8
	ADDQ         DX, AX
	DECQ         CX
	JNZ          last
	MOVQ         deltaArgs_out(DI), BX
	STORE4(Z8, Z9, Z10, Z11, BX)
	VZEROUPPER
	RET

// EIGHT does both halves for eight columns of a row of the
// state. Y10 to Y13 hold k, q, next and decay. δ is in memory.
#define EIGHT(at, m, out, sum) \
	VMOVUPS     at(AX), m                      \
	VFMADD231PS deltaArgs_delta+at(DI), Y10, m \
	VFMADD231PS Y11, m, out                    \
	VMULPS      Y13, m, m                      \
	VFMADD231PS Y12, m, sum                    \
	VMOVUPS     m, at(AX)

#define EIGHT_FIRST(at, m, sum) \
	VMULPS      at(AX), Y13, m \
	VFMADD231PS Y12, m, sum    \
	VMOVUPS     m, at(AX)

#define EIGHT_LAST(at, m, out) \
	VMOVUPS     at(AX), m                      \
	VFMADD231PS deltaArgs_delta+at(DI), Y10, m \
	VFMADD231PS Y11, m, out                    \
	VMOVUPS     m, at(AX)

#define EIGHT_DELTA(at, m, sum) \
	VMOVUPS at(BX), m                 \
	VSUBPS  sum, m, m                 \
	VMULPS  Y13, m, m                 \
	VMOVUPS m, deltaArgs_delta+at(DI)

#define STORE_OUT \
	MOVQ    deltaArgs_out(DI), BX \
	VMOVUPS Y2, (BX)              \
	VMOVUPS Y3, 32(BX)            \
	VMOVUPS Y4, 64(BX)            \
	VMOVUPS Y5, 96(BX)

// func delta32AVX2(args *deltaArgs)
//
// Y2 to Y5 hold out, and Y6 to Y9 hold Mᵀ next.
TEXT ·delta32AVX2(SB), NOSPLIT, $0-8
	DELTA_ARGS
	VBROADCASTSS deltaArgs_decay(DI), Y13
	CLEAR4(Y2, Y3, Y4, Y5)
	CLEAR4(Y6, Y7, Y8, Y9)
	TESTQ        SI, SI
	JZ           first
	TESTQ        R9, R9
	JZ           last

both:
	VBROADCASTSS (SI), Y10
	VBROADCASTSS (R8), Y11
	VBROADCASTSS (R9), Y12
	EIGHT(0, Y0, Y2, Y6)
	EIGHT(32, Y1, Y3, Y7)
	EIGHT(64, Y14, Y4, Y8)
	EIGHT(96, Y15, Y5, Y9)
	ADDQ         $4, SI
	ADDQ         $4, R8
	ADDQ         $4, R9
	ADDQ         DX, AX
	DECQ         CX
	JNZ          both
	STORE_OUT
	JMP          delta

first:
	VBROADCASTSS (R9), Y12
	EIGHT_FIRST(0, Y0, Y6)
	EIGHT_FIRST(32, Y1, Y7)
	EIGHT_FIRST(64, Y14, Y8)
	EIGHT_FIRST(96, Y15, Y9)
	ADDQ         $4, R9
	ADDQ         DX, AX
	DECQ         CX
	JNZ          first

delta:
	VBROADCASTSS deltaArgs_beta(DI), Y13
	MOVQ         deltaArgs_v(DI), BX
	EIGHT_DELTA(0, Y0, Y6)
	EIGHT_DELTA(32, Y1, Y7)
	EIGHT_DELTA(64, Y14, Y8)
	EIGHT_DELTA(96, Y15, Y9)
	VZEROUPPER
	RET

last:
	VBROADCASTSS (SI), Y10
	VBROADCASTSS (R8), Y11
	EIGHT_LAST(0, Y0, Y2)
	EIGHT_LAST(32, Y1, Y3)
	EIGHT_LAST(64, Y14, Y4)
	EIGHT_LAST(96, Y15, Y5)
	ADDQ         $4, SI
	ADDQ         $4, R8
	ADDQ         DX, AX
	DECQ         CX
	JNZ          last
	STORE_OUT
	VZEROUPPER
	RET

// func mulAdd8AVX2(args *mulAddArgs)
//
// mulAdd8AVX2 computes eight columns at a time. It
// adds a column's products in the order of the rows.
TEXT ·mulAdd8AVX2(SB), NOSPLIT, $0-8
	MOVQ args+0(FP), DI
	MOVQ mulAddArgs_dst(DI), AX
	MOVQ mulAddArgs_w(DI), SI
	MOVQ mulAddArgs_wStride(DI), R8
	MOVQ mulAddArgs_x(DI), DX
	MOVQ mulAddArgs_xStride(DI), R9
	MOVQ mulAddArgs_n(DI), R10

columns:
	VMOVUPS (AX), Y0
	MOVQ    SI, BX
	MOVQ    DX, R11
	MOVQ    mulAddArgs_rows(DI), CX

rows:
	VMOVUPS (BX), Y1
	VMULPS  (R11), Y1, Y1
	VADDPS  Y1, Y0, Y0
	ADDQ    R8, BX
	ADDQ    R9, R11
	DECQ    CX
	JNZ     rows
	VMOVUPS Y0, (AX)
	ADDQ    $32, AX
	ADDQ    $32, SI
	ADDQ    $32, DX
	SUBQ    $8, R10
	JNZ     columns
	VZEROUPPER
	RET
