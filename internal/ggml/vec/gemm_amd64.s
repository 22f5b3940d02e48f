//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// These functions compute c[m, n] += a[m, k] * b[k, n] in float32, for a few vectors
// of columns. If args.fresh is not 0, they compute c = a * b. Each lane is a column
// of c: one chain of fused multiply-adds over k in order, as in gemmGeneric.
//
// Registers
//	DI       args
//	R12      rows of c left
//	CX       k left
//	AX       c, the current rows
//	R13      bytes between rows of c
//	R8       a, the current rows
//	R9, R10  bytes between rows of a, three times that
//	BX       b, the current row
//	DX       bytes between rows of b
//	SI, R11  elements of the first and the fifth row of a
#define GEMM_ARGS \
	MOVQ args+0(FP), DI            \
	MOVQ gemmArgs_c(DI), AX        \
	MOVQ gemmArgs_cStride(DI), R13 \
	MOVQ gemmArgs_a(DI), R8        \
	MOVQ gemmArgs_aStride(DI), R9  \
	LEAQ (R9)(R9*2), R10           \
	MOVQ gemmArgs_bStride(DI), DX  \
	MOVQ gemmArgs_m(DI), R12

// START sets the pointers that move along k.
#define START \
	MOVQ R8, SI             \
	LEAQ (R8)(R9*4), R11    \
	MOVQ gemmArgs_b(DI), BX \
	MOVQ gemmArgs_k(DI), CX

// LOAD2 loads 32 columns of a row from BX, and STORE2 stores them there. Both move BX to the next
// row.
#define LOAD2(u, v) \
	VMOVUPS.Z (BX), K1, u   \
	VMOVUPS.Z 64(BX), K2, v \
	ADDQ      R13, BX

#define STORE2(u, v) \
	VMOVUPS u, K1, (BX)   \
	VMOVUPS v, K2, 64(BX) \
	ADDQ    R13, BX

// FMA2 adds the element of a at x, times the row of b in Z16 and Z17, to u and v.
#define FMA2(x, u, v) \
	VBROADCASTSS x, Z18      \
	VFMADD231PS  Z16, Z18, u \
	VFMADD231PS  Z17, Z18, v

// func gemm32AVX512(args *gemmArgs)
//
// gemm32AVX512 computes up to 32 columns, which args.mask
// selects, in 8 rows at a time, then 4, then 1.
TEXT ·gemm32AVX512(SB), NOSPLIT, $0-8
	GEMM_ARGS
	MOVQ  gemmArgs_mask(DI), CX
	KMOVW CX, K1
	SHRQ  $16, CX
	KMOVW CX, K2

eight:
	CMPQ R12, $8
	JLT  four
	CMPQ gemmArgs_fresh(DI), $0
	JNE  eight_fresh
	MOVQ AX, BX
	LOAD2(Z0, Z1)
	LOAD2(Z2, Z3)
	LOAD2(Z4, Z5)
	LOAD2(Z6, Z7)
	LOAD2(Z8, Z9)
	LOAD2(Z10, Z11)
	LOAD2(Z12, Z13)
	LOAD2(Z14, Z15)
	JMP  eight_start

eight_fresh:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7
	VPXORD Z8, Z8, Z8
	VPXORD Z9, Z9, Z9
	VPXORD Z10, Z10, Z10
	VPXORD Z11, Z11, Z11
	VPXORD Z12, Z12, Z12
	VPXORD Z13, Z13, Z13
	VPXORD Z14, Z14, Z14
	VPXORD Z15, Z15, Z15

eight_start:
	START

eight_k:
	VMOVUPS.Z (BX), K1, Z16
	VMOVUPS.Z 64(BX), K2, Z17
	FMA2((SI), Z0, Z1)
	FMA2((SI)(R9*1), Z2, Z3)
	FMA2((SI)(R9*2), Z4, Z5)
	FMA2((SI)(R10*1), Z6, Z7)
	FMA2((R11), Z8, Z9)
	FMA2((R11)(R9*1), Z10, Z11)
	FMA2((R11)(R9*2), Z12, Z13)
	FMA2((R11)(R10*1), Z14, Z15)
	ADDQ      $4, SI
	ADDQ      $4, R11
	ADDQ      DX, BX
	DECQ      CX
	JNZ       eight_k
	MOVQ      AX, BX
	STORE2(Z0, Z1)
	STORE2(Z2, Z3)
	STORE2(Z4, Z5)
	STORE2(Z6, Z7)
	STORE2(Z8, Z9)
	STORE2(Z10, Z11)
	STORE2(Z12, Z13)
	STORE2(Z14, Z15)
	LEAQ      (AX)(R13*8), AX
	LEAQ      (R8)(R9*8), R8
	SUBQ      $8, R12
	JMP       eight

four:
	CMPQ R12, $4
	JLT  one
	CMPQ gemmArgs_fresh(DI), $0
	JNE  four_fresh
	MOVQ AX, BX
	LOAD2(Z0, Z1)
	LOAD2(Z2, Z3)
	LOAD2(Z4, Z5)
	LOAD2(Z6, Z7)
	JMP  four_start

four_fresh:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1
	VPXORD Z2, Z2, Z2
	VPXORD Z3, Z3, Z3
	VPXORD Z4, Z4, Z4
	VPXORD Z5, Z5, Z5
	VPXORD Z6, Z6, Z6
	VPXORD Z7, Z7, Z7

four_start:
	START

four_k:
	VMOVUPS.Z (BX), K1, Z16
	VMOVUPS.Z 64(BX), K2, Z17
	FMA2((SI), Z0, Z1)
	FMA2((SI)(R9*1), Z2, Z3)
	FMA2((SI)(R9*2), Z4, Z5)
	FMA2((SI)(R10*1), Z6, Z7)
	ADDQ      $4, SI
	ADDQ      DX, BX
	DECQ      CX
	JNZ       four_k
	MOVQ      AX, BX
	STORE2(Z0, Z1)
	STORE2(Z2, Z3)
	STORE2(Z4, Z5)
	STORE2(Z6, Z7)
	LEAQ      (AX)(R13*4), AX
	LEAQ      (R8)(R9*4), R8
	SUBQ      $4, R12

one:
	TESTQ R12, R12
	JZ    done
	CMPQ  gemmArgs_fresh(DI), $0
	JNE   one_fresh
	MOVQ  AX, BX
	LOAD2(Z0, Z1)
	JMP   one_start

one_fresh:
	VPXORD Z0, Z0, Z0
	VPXORD Z1, Z1, Z1

one_start:
	START

one_k:
	VMOVUPS.Z (BX), K1, Z16
	VMOVUPS.Z 64(BX), K2, Z17
	FMA2((SI), Z0, Z1)
	ADDQ      $4, SI
	ADDQ      DX, BX
	DECQ      CX
	JNZ       one_k
	MOVQ      AX, BX
	STORE2(Z0, Z1)
	ADDQ      R13, AX
	ADDQ      R9, R8
	DECQ      R12
	JMP       one

done:
	VZEROUPPER
	RET

#define FMA2Y(x, u, v) \
	VBROADCASTSS x, Y10     \
	VFMADD231PS  Y8, Y10, u \
	VFMADD231PS  Y9, Y10, v

// func gemm16AVX2(args *gemmArgs)
//
// gemm16AVX2 computes 16 columns, in 4 rows at a time: two
// multiply-add units with a latency of 4 cycles need 8 chains.
TEXT ·gemm16AVX2(SB), NOSPLIT, $0-8
	GEMM_ARGS

four:
	CMPQ    R12, $4
	JLT     one
	CMPQ    gemmArgs_fresh(DI), $0
	JNE     four_fresh
	LEAQ    (R13)(R13*2), R11
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	VMOVUPS (AX)(R13*1), Y2
	VMOVUPS 32(AX)(R13*1), Y3
	VMOVUPS (AX)(R13*2), Y4
	VMOVUPS 32(AX)(R13*2), Y5
	VMOVUPS (AX)(R11*1), Y6
	VMOVUPS 32(AX)(R11*1), Y7
	JMP     four_start

four_fresh:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4
	VXORPS Y5, Y5, Y5
	VXORPS Y6, Y6, Y6
	VXORPS Y7, Y7, Y7

four_start:
	START

four_k:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	FMA2Y((SI), Y0, Y1)
	FMA2Y((SI)(R9*1), Y2, Y3)
	FMA2Y((SI)(R9*2), Y4, Y5)
	FMA2Y((SI)(R10*1), Y6, Y7)
	ADDQ    $4, SI
	ADDQ    DX, BX
	DECQ    CX
	JNZ     four_k
	LEAQ    (R13)(R13*2), R11
	VMOVUPS Y0, (AX)
	VMOVUPS Y1, 32(AX)
	VMOVUPS Y2, (AX)(R13*1)
	VMOVUPS Y3, 32(AX)(R13*1)
	VMOVUPS Y4, (AX)(R13*2)
	VMOVUPS Y5, 32(AX)(R13*2)
	VMOVUPS Y6, (AX)(R11*1)
	VMOVUPS Y7, 32(AX)(R11*1)
	LEAQ    (AX)(R13*4), AX
	LEAQ    (R8)(R9*4), R8
	SUBQ    $4, R12
	JMP     four

one:
	TESTQ   R12, R12
	JZ      done
	CMPQ    gemmArgs_fresh(DI), $0
	JNE     one_fresh
	VMOVUPS (AX), Y0
	VMOVUPS 32(AX), Y1
	JMP     one_start

one_fresh:
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1

one_start:
	START

one_k:
	VMOVUPS (BX), Y8
	VMOVUPS 32(BX), Y9
	FMA2Y((SI), Y0, Y1)
	ADDQ    $4, SI
	ADDQ    DX, BX
	DECQ    CX
	JNZ     one_k
	VMOVUPS Y0, (AX)
	VMOVUPS Y1, 32(AX)
	ADDQ    R13, AX
	ADDQ    R9, R8
	DECQ    R12
	JMP     one

done:
	VZEROUPPER
	RET

// func gemm8AVX2(args *gemmArgs)
//
// gemm8AVX2 computes 8 columns, one row at a time. These are
// the last 8 columns if their number is not a multiple of 16.
TEXT ·gemm8AVX2(SB), NOSPLIT, $0-8
	GEMM_ARGS

one:
	CMPQ    gemmArgs_fresh(DI), $0
	JNE     one_fresh
	VMOVUPS (AX), Y0
	JMP     one_start

one_fresh:
	VXORPS Y0, Y0, Y0

one_start:
	START

one_k:
	VBROADCASTSS (SI), Y10
	VFMADD231PS  (BX), Y10, Y0
	ADDQ         $4, SI
	ADDQ         DX, BX
	DECQ         CX
	JNZ          one_k
	VMOVUPS      Y0, (AX)
	ADDQ         R13, AX
	ADDQ         R9, R8
	DECQ         R12
	JNZ          one
	VZEROUPPER
	RET
