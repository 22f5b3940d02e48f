//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file computes tiles of a product. Each lane is a column of c: one chain of fused
// multiply-adds over k in order, as in Generic. Masks leave out columns that do not exist.
//
// Registers
//	AX           c, the current row
//	R13          bytes between rows of c
//	SI, R11, R8  a, rows 0, 4 and 8, at the current k
//	R9, R10      bytes between rows of a, three times that
//	DX           bytes between columns of a
//	BX           b, the current row
//	CX           k left
//	K1, K2       masks of columns 0 to 15 and of columns 16 to 31
#define TILE_ARGS \
	MOVQ  a+0(FP), DI           \
	MOVQ  args_c(DI), AX        \
	MOVQ  args_cStride(DI), R13 \
	SHLQ  $2, R13               \
	MOVQ  args_a(DI), SI        \
	MOVQ  args_row(DI), R9      \
	SHLQ  $2, R9                \
	LEAQ  (R9)(R9*2), R10       \
	LEAQ  (SI)(R9*4), R11       \
	LEAQ  (SI)(R9*8), R8        \
	MOVQ  args_col(DI), DX      \
	SHLQ  $2, DX                \
	MOVQ  args_b(DI), BX        \
	MOVQ  args_k(DI), CX        \
	MOVL  args_mask(DI), R12    \
	KMOVW R12, K1               \
	SHRL  $16, R12              \
	KMOVW R12, K2               \
	MOVQ  AX, R12

// FMA2 adds the element of a at x, times the row of b in Z24
// and Z25, to u and v. FMA1 does that for the first 16 columns.
#define FMA2(x, u, v) \
	VBROADCASTSS x, Z26      \
	VFMADD231PS  Z24, Z26, u \
	VFMADD231PS  Z25, Z26, v

#define FMA1(x, u) VFMADD231PS.BCST x, Z24, u

// ROWS1x32 to ROWS12x32 multiply 1 to 12 rows of a with the row of b, for one k.
#define ROWS1x32 FMA2((SI), Z0, Z1)
#define ROWS2x32 ROWS1x32; FMA2((SI)(R9*1), Z2, Z3)
#define ROWS3x32 ROWS2x32; FMA2((SI)(R9*2), Z4, Z5)
#define ROWS4x32 ROWS3x32; FMA2((SI)(R10*1), Z6, Z7)
#define ROWS5x32 ROWS4x32; FMA2((R11), Z8, Z9)
#define ROWS6x32 ROWS5x32; FMA2((R11)(R9*1), Z10, Z11)
#define ROWS7x32 ROWS6x32; FMA2((R11)(R9*2), Z12, Z13)
#define ROWS8x32 ROWS7x32; FMA2((R11)(R10*1), Z14, Z15)
#define ROWS9x32 ROWS8x32; FMA2((R8), Z16, Z17)
#define ROWS10x32 ROWS9x32; FMA2((R8)(R9*1), Z18, Z19)
#define ROWS11x32 ROWS10x32; FMA2((R8)(R9*2), Z20, Z21)
#define ROWS12x32 ROWS11x32; FMA2((R8)(R10*1), Z22, Z23)

// ROWS1x16 to ROWS12x16 do what ROWS1x32 to ROWS12x32 do, for the first 16 columns.
#define ROWS1x16 FMA1((SI), Z0)
#define ROWS2x16 ROWS1x16; FMA1((SI)(R9*1), Z2)
#define ROWS3x16 ROWS2x16; FMA1((SI)(R9*2), Z4)
#define ROWS4x16 ROWS3x16; FMA1((SI)(R10*1), Z6)
#define ROWS5x16 ROWS4x16; FMA1((R11), Z8)
#define ROWS6x16 ROWS5x16; FMA1((R11)(R9*1), Z10)
#define ROWS7x16 ROWS6x16; FMA1((R11)(R9*2), Z12)
#define ROWS8x16 ROWS7x16; FMA1((R11)(R10*1), Z14)
#define ROWS9x16 ROWS8x16; FMA1((R8), Z16)
#define ROWS10x16 ROWS9x16; FMA1((R8)(R9*1), Z18)
#define ROWS11x16 ROWS10x16; FMA1((R8)(R9*2), Z20)
#define ROWS12x16 ROWS11x16; FMA1((R8)(R10*1), Z22)

// NEXT moves the pointers to a to the next k.
#define NEXT \
	ADDQ DX, SI  \
	ADDQ DX, R11 \
	ADDQ DX, R8

// STEP32 and STEP16 load the row of b at BX+off, and multiply
// rows of a by it with the macro that the argument rows names.
#define STEP32(off, rows) \
	VMOVUPS off(BX), Z24      \
	VMOVUPS (off+64)(BX), Z25 \
	rows                      \
	NEXT

#define STEP16(off, rows) \
	VMOVUPS off(BX), Z24 \
	rows                 \
	NEXT

// LOAD loads a row of c from AX, and STORE stores a row there. ZERO sets the registers
// of a row to zero, and prefetches the row's memory. Each moves AX to the next row.
#define LOAD(u, v) \
	VMOVUPS.Z (AX), K1, u   \
	VMOVUPS.Z 64(AX), K2, v \
	ADDQ      R13, AX

#define STORE(u, v) \
	VMOVUPS u, K1, (AX)   \
	VMOVUPS v, K2, 64(AX) \
	ADDQ    R13, AX

#define ZERO(u, v) \
	VPXORD     u, u, u \
	VPXORD     v, v, v \
	PREFETCHT0 (AX)    \
	PREFETCHT0 127(AX) \
	ADDQ       R13, AX

// LOADS1 to LOADS12 load 1 to 12 rows of c.
#define LOADS1 LOAD(Z0, Z1)
#define LOADS2 LOADS1; LOAD(Z2, Z3)
#define LOADS3 LOADS2; LOAD(Z4, Z5)
#define LOADS4 LOADS3; LOAD(Z6, Z7)
#define LOADS5 LOADS4; LOAD(Z8, Z9)
#define LOADS6 LOADS5; LOAD(Z10, Z11)
#define LOADS7 LOADS6; LOAD(Z12, Z13)
#define LOADS8 LOADS7; LOAD(Z14, Z15)
#define LOADS9 LOADS8; LOAD(Z16, Z17)
#define LOADS10 LOADS9; LOAD(Z18, Z19)
#define LOADS11 LOADS10; LOAD(Z20, Z21)
#define LOADS12 LOADS11; LOAD(Z22, Z23)

// STORES1 to STORES12 store 1 to 12 rows of c.
#define STORES1 STORE(Z0, Z1)
#define STORES2 STORES1; STORE(Z2, Z3)
#define STORES3 STORES2; STORE(Z4, Z5)
#define STORES4 STORES3; STORE(Z6, Z7)
#define STORES5 STORES4; STORE(Z8, Z9)
#define STORES6 STORES5; STORE(Z10, Z11)
#define STORES7 STORES6; STORE(Z12, Z13)
#define STORES8 STORES7; STORE(Z14, Z15)
#define STORES9 STORES8; STORE(Z16, Z17)
#define STORES10 STORES9; STORE(Z18, Z19)
#define STORES11 STORES10; STORE(Z20, Z21)
#define STORES12 STORES11; STORE(Z22, Z23)

// ZEROS1 to ZEROS12 set the registers of 1 to 12 rows to zero, and prefetch the memory of c.
#define ZEROS1 ZERO(Z0, Z1)
#define ZEROS2 ZEROS1; ZERO(Z2, Z3)
#define ZEROS3 ZEROS2; ZERO(Z4, Z5)
#define ZEROS4 ZEROS3; ZERO(Z6, Z7)
#define ZEROS5 ZEROS4; ZERO(Z8, Z9)
#define ZEROS6 ZEROS5; ZERO(Z10, Z11)
#define ZEROS7 ZEROS6; ZERO(Z12, Z13)
#define ZEROS8 ZEROS7; ZERO(Z14, Z15)
#define ZEROS9 ZEROS8; ZERO(Z16, Z17)
#define ZEROS10 ZEROS9; ZERO(Z18, Z19)
#define ZEROS11 ZEROS10; ZERO(Z20, Z21)
#define ZEROS12 ZEROS11; ZERO(Z22, Z23)

// TILE is the body of a function that computes a tile.
#define TILE(rows, step, loads, zeros, stores) \
	TILE_ARGS               \
	CMPB args_fresh(DI), $0 \
	JNE  fresh              \
	loads                   \
	JMP  start              \
	fresh:          \
	zeros           \
	start:          \
	SUBQ   $2, CX   \
	JLT    last     \
	two:            \
	step(0, rows)   \
	step(128, rows) \
	ADDQ   $256, BX \
	SUBQ   $2, CX   \
	JGE    two      \
	last:           \
	ADDQ   $2, CX   \
	JZ     store    \
	step(0, rows)   \
	store:          \
	MOVQ   R12, AX  \
	stores          \
	VZEROUPPER      \
	RET

// func tile1x32AVX512(a *args)
TEXT ·tile1x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS1x32, STEP32, LOADS1, ZEROS1, STORES1)

// func tile2x32AVX512(a *args)
TEXT ·tile2x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS2x32, STEP32, LOADS2, ZEROS2, STORES2)

// func tile3x32AVX512(a *args)
TEXT ·tile3x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS3x32, STEP32, LOADS3, ZEROS3, STORES3)

// func tile4x32AVX512(a *args)
TEXT ·tile4x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS4x32, STEP32, LOADS4, ZEROS4, STORES4)

// func tile5x32AVX512(a *args)
TEXT ·tile5x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS5x32, STEP32, LOADS5, ZEROS5, STORES5)

// func tile6x32AVX512(a *args)
TEXT ·tile6x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS6x32, STEP32, LOADS6, ZEROS6, STORES6)

// func tile7x32AVX512(a *args)
TEXT ·tile7x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS7x32, STEP32, LOADS7, ZEROS7, STORES7)

// func tile8x32AVX512(a *args)
TEXT ·tile8x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS8x32, STEP32, LOADS8, ZEROS8, STORES8)

// func tile9x32AVX512(a *args)
TEXT ·tile9x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS9x32, STEP32, LOADS9, ZEROS9, STORES9)

// func tile10x32AVX512(a *args)
TEXT ·tile10x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS10x32, STEP32, LOADS10, ZEROS10, STORES10)

// func tile11x32AVX512(a *args)
TEXT ·tile11x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS11x32, STEP32, LOADS11, ZEROS11, STORES11)

// func tile12x32AVX512(a *args)
TEXT ·tile12x32AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS12x32, STEP32, LOADS12, ZEROS12, STORES12)

// func tile1x16AVX512(a *args)
TEXT ·tile1x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS1x16, STEP16, LOADS1, ZEROS1, STORES1)

// func tile2x16AVX512(a *args)
TEXT ·tile2x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS2x16, STEP16, LOADS2, ZEROS2, STORES2)

// func tile3x16AVX512(a *args)
TEXT ·tile3x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS3x16, STEP16, LOADS3, ZEROS3, STORES3)

// func tile4x16AVX512(a *args)
TEXT ·tile4x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS4x16, STEP16, LOADS4, ZEROS4, STORES4)

// func tile5x16AVX512(a *args)
TEXT ·tile5x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS5x16, STEP16, LOADS5, ZEROS5, STORES5)

// func tile6x16AVX512(a *args)
TEXT ·tile6x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS6x16, STEP16, LOADS6, ZEROS6, STORES6)

// func tile7x16AVX512(a *args)
TEXT ·tile7x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS7x16, STEP16, LOADS7, ZEROS7, STORES7)

// func tile8x16AVX512(a *args)
TEXT ·tile8x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS8x16, STEP16, LOADS8, ZEROS8, STORES8)

// func tile9x16AVX512(a *args)
TEXT ·tile9x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS9x16, STEP16, LOADS9, ZEROS9, STORES9)

// func tile10x16AVX512(a *args)
TEXT ·tile10x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS10x16, STEP16, LOADS10, ZEROS10, STORES10)

// func tile11x16AVX512(a *args)
TEXT ·tile11x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS11x16, STEP16, LOADS11, ZEROS11, STORES11)

// func tile12x16AVX512(a *args)
TEXT ·tile12x16AVX512(SB), NOSPLIT, $0-8
	TILE(ROWS12x16, STEP16, LOADS12, ZEROS12, STORES12)

