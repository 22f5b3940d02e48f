//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file computes tiles of a product. Each lane is a column of c:
// one chain of fused multiply-adds over k in order, as in Generic.
//
// Registers
//	AX       c
//	R13      bytes between rows of c
//	SI, R11  a, rows 0 and 4, at the current k
//	R9, R10  bytes between rows of a, three times that
//	DX       bytes between columns of a
//	BX       b, the current row
//	CX       k left
#define TILE_ARGS \
	MOVQ a+0(FP), DI           \
	MOVQ args_c(DI), AX        \
	MOVQ args_cStride(DI), R13 \
	SHLQ $2, R13               \
	MOVQ args_a(DI), SI        \
	MOVQ args_row(DI), R9      \
	SHLQ $2, R9                \
	LEAQ (R9)(R9*2), R10       \
	LEAQ (SI)(R9*4), R11       \
	MOVQ args_col(DI), DX      \
	SHLQ $2, DX                \
	MOVQ args_b(DI), BX        \
	MOVQ args_k(DI), CX

// FMA2 adds the element of a at x, times the row of b in Y12 and Y13, to u and v.
#define FMA2(x, u, v) \
	VBROADCASTSS x, Y14      \
	VFMADD231PS  Y12, Y14, u \
	VFMADD231PS  Y13, Y14, v

// ROWS1 to ROWS6 multiply 1 to 6 rows of a with the row of b, for one k.
#define ROWS1 FMA2((SI), Y0, Y1)
#define ROWS2 \
	ROWS1                    \
	FMA2((SI)(R9*1), Y2, Y3)

#define ROWS3 \
	ROWS2                    \
	FMA2((SI)(R9*2), Y4, Y5)

#define ROWS4 \
	ROWS3                     \
	FMA2((SI)(R10*1), Y6, Y7)

#define ROWS5 \
	ROWS4               \
	FMA2((R11), Y8, Y9)

#define ROWS6 \
	ROWS5                       \
	FMA2((R11)(R9*1), Y10, Y11)

// STEP loads the row of b at BX+off, and multiplies rows of a by it with the
// macro that the argument rows names. Then STEP moves the pointers to the next k.
#define STEP(off, rows) \
	VMOVUPS off(BX), Y12      \
	VMOVUPS (off+32)(BX), Y13 \
	rows                      \
	ADDQ    DX, SI            \
	ADDQ    DX, R11

// LOAD2 loads a row of c from AX, and STORE2 stores one there. Both move AX to the next row.
#define LOAD2(u, v) \
	VMOVUPS (AX), u   \
	VMOVUPS 32(AX), v \
	ADDQ    R13, AX

#define STORE2(u, v) \
	VMOVUPS u, (AX)   \
	VMOVUPS v, 32(AX) \
	ADDQ    R13, AX

// LOADS1 to LOADS6 load 1 to 6 rows of c, and STORES1 to STORES6 store them.
#define LOADS1 LOAD2(Y0, Y1)
#define LOADS2 \
	LOADS1        \
	LOAD2(Y2, Y3)

#define LOADS3 \
	LOADS2        \
	LOAD2(Y4, Y5)

#define LOADS4 \
	LOADS3        \
	LOAD2(Y6, Y7)

#define LOADS5 \
	LOADS4        \
	LOAD2(Y8, Y9)

#define LOADS6 \
	LOADS5          \
	LOAD2(Y10, Y11)

#define STORES1 STORE2(Y0, Y1)
#define STORES2 \
	STORES1        \
	STORE2(Y2, Y3)

#define STORES3 \
	STORES2        \
	STORE2(Y4, Y5)

#define STORES4 \
	STORES3        \
	STORE2(Y6, Y7)

#define STORES5 \
	STORES4        \
	STORE2(Y8, Y9)

#define STORES6 \
	STORES5          \
	STORE2(Y10, Y11)

// TILE is the body of a function that computes a tile.
#define TILE(rows, loads, stores) \
	TILE_ARGS               \
	MOVQ AX, R12            \
	CMPB args_fresh(DI), $0 \
	JNE  fresh              \
	loads                   \
	JMP  start              \
	fresh:               \
	VXORPS Y0, Y0, Y0    \
	VXORPS Y1, Y1, Y1    \
	VXORPS Y2, Y2, Y2    \
	VXORPS Y3, Y3, Y3    \
	VXORPS Y4, Y4, Y4    \
	VXORPS Y5, Y5, Y5    \
	VXORPS Y6, Y6, Y6    \
	VXORPS Y7, Y7, Y7    \
	VXORPS Y8, Y8, Y8    \
	VXORPS Y9, Y9, Y9    \
	VXORPS Y10, Y10, Y10 \
	VXORPS Y11, Y11, Y11 \
	start:               \
	SUBQ   $2, CX        \
	JLT    last          \
	two:                 \
	STEP(0, rows)        \
	STEP(64, rows)       \
	ADDQ   $128, BX      \
	SUBQ   $2, CX        \
	JGE    two           \
	last:                \
	ADDQ   $2, CX        \
	JZ     store         \
	STEP(0, rows)        \
	store:               \
	MOVQ   R12, AX       \
	stores               \
	VZEROUPPER           \
	RET

// func tile1x16AVX2(a *args)
TEXT ·tile1x16AVX2(SB), NOSPLIT, $0-8
	TILE(ROWS1, LOADS1, STORES1)

// func tile2x16AVX2(a *args)
TEXT ·tile2x16AVX2(SB), NOSPLIT, $0-8
	TILE(ROWS2, LOADS2, STORES2)

// func tile3x16AVX2(a *args)
TEXT ·tile3x16AVX2(SB), NOSPLIT, $0-8
	TILE(ROWS3, LOADS3, STORES3)

// func tile4x16AVX2(a *args)
TEXT ·tile4x16AVX2(SB), NOSPLIT, $0-8
	TILE(ROWS4, LOADS4, STORES4)

// func tile5x16AVX2(a *args)
TEXT ·tile5x16AVX2(SB), NOSPLIT, $0-8
	TILE(ROWS5, LOADS5, STORES5)

// func tile6x16AVX2(a *args)
TEXT ·tile6x16AVX2(SB), NOSPLIT, $0-8
	TILE(ROWS6, LOADS6, STORES6)

// func copy16AVX2(dst, src *float32, srcStride, n int)
//
// dst[p*16+j] = src[p*srcStride+j] for j < 16 and p < n.
TEXT ·copy16AVX2(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ srcStride+16(FP), R9
	SHLQ $2, R9
	MOVQ n+24(FP), CX

loop:
	VMOVUPS (SI), Y0
	VMOVUPS 32(SI), Y1
	VMOVUPS Y0, (DI)
	VMOVUPS Y1, 32(DI)
	ADDQ    R9, SI
	ADDQ    $64, DI
	DECQ    CX
	JNZ     loop
	VZEROUPPER
	RET

// func interleave6AVX2(dst *float32, dstStride int, src *float32, srcStride, n, tiles int)
//
// dst[t*dstStride+p*6+i] = src[p*srcStride+t*6+i] for i < 6, p < n and t < tiles.
TEXT ·interleave6AVX2(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $2, R9
	MOVQ n+32(FP), CX

row:
	MOVQ DI, AX
	MOVQ SI, BX
	MOVQ tiles+40(FP), DX

tile:
	VMOVUPS (BX), X0
	MOVQ    16(BX), R11
	VMOVUPS X0, (AX)
	MOVQ    R11, 16(AX)
	ADDQ    $24, BX
	ADDQ    R8, AX
	DECQ    DX
	JNZ     tile
	ADDQ    $24, DI
	ADDQ    R9, SI
	DECQ    CX
	JNZ     row
	RET

// func transpose8AVX2(dst *float32, dstStride int, src *float32, srcStride int, n int)
//
// dst[p*dstStride+j] = src[j*srcStride+p] for j < 8 and p < n. n is a multiple of 8. Eight
// rows of eight elements, in Y0 to Y7, are interleaved by one, by two and by four elements.
TEXT ·transpose8AVX2(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	LEAQ (R8)(R8*2), R12
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $2, R9
	LEAQ (R9)(R9*2), R10
	LEAQ (SI)(R9*4), R11
	MOVQ n+32(FP), CX

loop:
	VMOVUPS     (SI), X0
	VINSERTF128 $1, (R11), Y0, Y0
	VMOVUPS     (SI)(R9*1), X1
	VINSERTF128 $1, (R11)(R9*1), Y1, Y1
	VMOVUPS     (SI)(R9*2), X2
	VINSERTF128 $1, (R11)(R9*2), Y2, Y2
	VMOVUPS     (SI)(R10*1), X3
	VINSERTF128 $1, (R11)(R10*1), Y3, Y3
	VMOVUPS     16(SI), X4
	VINSERTF128 $1, 16(R11), Y4, Y4
	VMOVUPS     16(SI)(R9*1), X5
	VINSERTF128 $1, 16(R11)(R9*1), Y5, Y5
	VMOVUPS     16(SI)(R9*2), X6
	VINSERTF128 $1, 16(R11)(R9*2), Y6, Y6
	VMOVUPS     16(SI)(R10*1), X7
	VINSERTF128 $1, 16(R11)(R10*1), Y7, Y7

	// Y0 has columns 0 to 3 of rows 0 and 4; Y4 has columns 4 to 7 of the same rows; and so on.
	VUNPCKLPS Y1, Y0, Y8      // 00 10 01 11 | 40 50 41 51
	VUNPCKHPS Y1, Y0, Y9      // 02 12 03 13
	VUNPCKLPS Y3, Y2, Y10     // 20 30 21 31
	VUNPCKHPS Y3, Y2, Y11     // 22 32 23 33
	VUNPCKLPD Y10, Y8, Y0     // 00 10 20 30 | 40 50 60 70
	VUNPCKHPD Y10, Y8, Y1
	VUNPCKLPD Y11, Y9, Y2
	VUNPCKHPD Y11, Y9, Y3
	VUNPCKLPS Y5, Y4, Y8
	VUNPCKHPS Y5, Y4, Y9
	VUNPCKLPS Y7, Y6, Y10
	VUNPCKHPS Y7, Y6, Y11
	VUNPCKLPD Y10, Y8, Y4
	VUNPCKHPD Y10, Y8, Y5
	VUNPCKLPD Y11, Y9, Y6
	VUNPCKHPD Y11, Y9, Y7
	VMOVUPS   Y0, (DI)
	VMOVUPS   Y1, (DI)(R8*1)
	VMOVUPS   Y2, (DI)(R8*2)
	VMOVUPS   Y3, (DI)(R12*1)
	LEAQ      (DI)(R8*4), DI
	VMOVUPS   Y4, (DI)
	VMOVUPS   Y5, (DI)(R8*1)
	VMOVUPS   Y6, (DI)(R8*2)
	VMOVUPS   Y7, (DI)(R12*1)
	LEAQ      (DI)(R8*4), DI
	ADDQ      $32, SI
	ADDQ      $32, R11
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET
