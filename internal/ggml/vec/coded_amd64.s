//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// These functions compute c[m, n] += a[m, k] * b[k, n] in float32. b is in a form of the
// cache of keys and values (coded.go), and is decoded row by row. The chains of fused
// multiply-adds are those of gemm_amd64.s. The number of rows of a is 1, 2, 4 or 8.
//
// Registers
//	R8 - R15  rows of a
//	CX        the current column of a
//	SI        number of columns of a
//	BX        row of b
//	DX        bytes from row to row of b
//	DI        args, then bytes from BX to what is prefetched
//	AX        number of rows of a
//	Z0 - Z15  sums
//	Z16, Z17  a row of b
//	Z18       an element of a
//	Z19, Z20  scales
//	K1, K2    masks of columns

#define CODED_ARGS \
	MOVQ args+0(FP), DI           \
	MOVQ codedArgs_b(DI), BX      \
	MOVQ codedArgs_stride(DI), DX \
	MOVQ codedArgs_k(DI), SI      \
	MOVQ codedArgs_rows(DI), AX   \
	MOVQ codedArgs_a+0(DI), R8    \
	MOVQ codedArgs_a+8(DI), R9    \
	MOVQ codedArgs_a+16(DI), R10  \
	MOVQ codedArgs_a+24(DI), R11  \
	MOVQ codedArgs_a+32(DI), R12  \
	MOVQ codedArgs_a+40(DI), R13  \
	MOVQ codedArgs_a+48(DI), R14  \
	MOVQ codedArgs_a+56(DI), R15

// SUMS sets the sums u and v to row i of c.
#define SUMS(i, u, v) \
	MOVQ      codedArgs_c+8*i(DI), CX \
	VMOVUPS.Z (CX), K1, u             \
	VMOVUPS.Z 64(CX), K2, v

#define STORE(i, u, v) \
	MOVQ    codedArgs_c+8*i(DI), CX \
	VMOVUPS u, K1, (CX)             \
	VMOVUPS v, K2, 64(CX)

#define CLEAR(u, v) \
	VPXORD u, u, u \
	VPXORD v, v, v

#define CLEAR8 \
	CLEAR(Z0, Z1)   \
	CLEAR(Z2, Z3)   \
	CLEAR(Z4, Z5)   \
	CLEAR(Z6, Z7)   \
	CLEAR(Z8, Z9)   \
	CLEAR(Z10, Z11) \
	CLEAR(Z12, Z13) \
	CLEAR(Z14, Z15)

// FEWER jumps to done if a has at most n rows.
#define FEWER(n, done) \
	CMPQ AX, $n \
	JLE  done

#define FMA(x, u, v) \
	VBROADCASTSS (x)(CX*4), Z18 \
	VFMADD231PS  Z16, Z18, u    \
	VFMADD231PS  Z17, Z18, v

#define FMA1 FMA(R8, Z0, Z1)
#define FMA2 FMA1; FMA(R9, Z2, Z3)
#define FMA4 FMA2; FMA(R10, Z4, Z5); FMA(R11, Z6, Z7)
#define FMA8 FMA4; FMA(R12, Z8, Z9); FMA(R13, Z10, Z11); FMA(R14, Z12, Z13); FMA(R15, Z14, Z15)

#define NEXT(loop) \
	PREFETCHT0 (BX)(DI*1) \
	ADDQ       DX, BX     \
	INCQ       CX         \
	CMPQ       CX, SI     \
	JNE        loop

// The next macros decode the row at BX.
#define HALVES \
	VCVTPH2PS.Z (BX), K1, Z16   \
	VCVTPH2PS.Z 32(BX), K2, Z17

#define INTEGERS(at, s, t) \
	VPMOVSXBD at(BX), Z16    \
	VPMOVSXBD at+16(BX), Z17 \
	VCVTDQ2PS Z16, Z16       \
	VCVTDQ2PS Z17, Z17       \
	VMULPS    s, Z16, Z16    \
	VMULPS    t, Z17, Z17

#define Q8KEYS INTEGERS(0, Z19, Z20)

#define Q8VALUES \
	VPBROADCASTW (BX), Y19 \
	VCVTPH2PS    Y19, Z19  \
	INTEGERS(2, Z19, Z19)

// PRODUCT multiplies the rows of a by the rows of b.
// The macro DECODE decodes a row of b to Z16 and Z17.
#define PRODUCT(DECODE) \
	CMPQ   codedArgs_fresh(DI), $0 \
	JNE    start                   \
	SUMS(0, Z0, Z1)                \
	FEWER(1, start)                \
	SUMS(1, Z2, Z3)                \
	FEWER(2, start)                \
	SUMS(2, Z4, Z5)                \
	SUMS(3, Z6, Z7)                \
	FEWER(4, start)                \
	SUMS(4, Z8, Z9)                \
	SUMS(5, Z10, Z11)              \
	SUMS(6, Z12, Z13)              \
	SUMS(7, Z14, Z15)              \
	start:                         \
	MOVQ   codedArgs_ahead(DI), DI \
	XORQ   CX, CX                  \
	FEWER(1, one)                  \
	FEWER(2, two)                  \
	FEWER(4, four)                 \
	eight:                         \
	DECODE                         \
	FMA8                           \
	NEXT(eight)                    \
	JMP    store                   \
	four:       \
	DECODE      \
	FMA4        \
	NEXT(four)  \
	JMP   store \
	two:       \
	DECODE     \
	FMA2       \
	NEXT(two)  \
	JMP  store \
	one:                  \
	DECODE                \
	FMA1                  \
	NEXT(one)             \
	store:                \
	MOVQ   args+0(FP), DI \
	STORE(0, Z0, Z1)      \
	FEWER(1, done)        \
	STORE(1, Z2, Z3)      \
	FEWER(2, done)        \
	STORE(2, Z4, Z5)      \
	STORE(3, Z6, Z7)      \
	FEWER(4, done)        \
	STORE(4, Z8, Z9)      \
	STORE(5, Z10, Z11)    \
	STORE(6, Z12, Z13)    \
	STORE(7, Z14, Z15)    \
	done:                 \
	VZEROUPPER            \
	RET

#define ALL_COLUMNS \
	MOVQ  $0xffff, CX \
	KMOVW CX, K1      \
	KMOVW CX, K2

// func halves32AVX512(args *codedArgs)
TEXT ·halves32AVX512(SB), NOSPLIT, $0-8
	CODED_ARGS
	MOVQ  codedArgs_mask(DI), CX
	KMOVW CX, K1
	SHRQ  $16, CX
	KMOVW CX, K2
	CLEAR8
	PRODUCT(HALVES)

// func q8Keys32AVX512(args *codedArgs)
TEXT ·q8Keys32AVX512(SB), NOSPLIT, $0-8
	CODED_ARGS
	ALL_COLUMNS
	MOVQ      codedArgs_scale(DI), CX
	VCVTPH2PS (CX), Z19
	VCVTPH2PS 32(CX), Z20
	CLEAR8
	PRODUCT(Q8KEYS)

// func q8Values32AVX512(args *codedArgs)
TEXT ·q8Values32AVX512(SB), NOSPLIT, $0-8
	CODED_ARGS
	ALL_COLUMNS
	CLEAR8
	PRODUCT(Q8VALUES)

	// The rest of this file does the same with AVX2, for 16 columns and 1, 2 or 4 rows.
	//
	// Registers
	//	Y0 - Y7   sums
	//	Y8, Y9    a row of b
	//	Y10       an element of a
	//	Y11, Y12  scales
	//	R12       bytes from integers to their scale

#define SUMSY(i, u, v) \
	MOVQ    codedArgs_c+8*i(DI), CX \
	VMOVUPS (CX), u                 \
	VMOVUPS 32(CX), v

#define STOREY(i, u, v) \
	MOVQ    codedArgs_c+8*i(DI), CX \
	VMOVUPS u, (CX)                 \
	VMOVUPS v, 32(CX)

#define CLEARY \
	VXORPS Y0, Y0, Y0 \
	VXORPS Y1, Y1, Y1 \
	VXORPS Y2, Y2, Y2 \
	VXORPS Y3, Y3, Y3 \
	VXORPS Y4, Y4, Y4 \
	VXORPS Y5, Y5, Y5 \
	VXORPS Y6, Y6, Y6 \
	VXORPS Y7, Y7, Y7

#define FMAY(x, u, v) \
	VBROADCASTSS (x)(CX*4), Y10 \
	VFMADD231PS  Y8, Y10, u     \
	VFMADD231PS  Y9, Y10, v

#define FMAY1 FMAY(R8, Y0, Y1)
#define FMAY2 FMAY1; FMAY(R9, Y2, Y3)
#define FMAY4 FMAY2; FMAY(R10, Y4, Y5); FMAY(R11, Y6, Y7)

#define HALVESY \
	VCVTPH2PS (BX), Y8   \
	VCVTPH2PS 16(BX), Y9

#define INTEGERSY(s, t) \
	VPMOVSXBD (BX), Y8  \
	VPMOVSXBD 8(BX), Y9 \
	VCVTDQ2PS Y8, Y8    \
	VCVTDQ2PS Y9, Y9    \
	VMULPS    s, Y8, Y8 \
	VMULPS    t, Y9, Y9

#define Q8KEYSY INTEGERSY(Y11, Y12)

#define Q8VALUESY \
	VPBROADCASTW (BX)(R12*1), X11 \
	VCVTPH2PS    X11, Y11         \
	INTEGERSY(Y11, Y11)

// PRODUCTY multiplies the rows of a by the rows of b.
// The macro DECODE decodes a row of b to Y8 and Y9.
#define PRODUCTY(DECODE) \
	CLEARY                         \
	CMPQ   codedArgs_fresh(DI), $0 \
	JNE    start                   \
	SUMSY(0, Y0, Y1)               \
	FEWER(1, start)                \
	SUMSY(1, Y2, Y3)               \
	FEWER(2, start)                \
	SUMSY(2, Y4, Y5)               \
	SUMSY(3, Y6, Y7)               \
	start:                         \
	MOVQ   codedArgs_ahead(DI), DI \
	XORQ   CX, CX                  \
	FEWER(1, one)                  \
	FEWER(2, two)                  \
	four:                          \
	DECODE                         \
	FMAY4                          \
	NEXT(four)                     \
	JMP    store                   \
	two:       \
	DECODE     \
	FMAY2      \
	NEXT(two)  \
	JMP  store \
	one:                  \
	DECODE                \
	FMAY1                 \
	NEXT(one)             \
	store:                \
	MOVQ   args+0(FP), DI \
	STOREY(0, Y0, Y1)     \
	FEWER(1, done)        \
	STOREY(1, Y2, Y3)     \
	FEWER(2, done)        \
	STOREY(2, Y4, Y5)     \
	STOREY(3, Y6, Y7)     \
	done:                 \
	VZEROUPPER            \
	RET

// func halves16AVX2(args *codedArgs)
TEXT ·halves16AVX2(SB), NOSPLIT, $0-8
	CODED_ARGS
	PRODUCTY(HALVESY)

// func q8Keys16AVX2(args *codedArgs)
TEXT ·q8Keys16AVX2(SB), NOSPLIT, $0-8
	CODED_ARGS
	MOVQ      codedArgs_scale(DI), CX
	VCVTPH2PS (CX), Y11
	VCVTPH2PS 16(CX), Y12
	PRODUCTY(Q8KEYSY)

// func q8Values16AVX2(args *codedArgs)
TEXT ·q8Values16AVX2(SB), NOSPLIT, $0-8
	CODED_ARGS
	MOVQ codedArgs_to(DI), R12
	PRODUCTY(Q8VALUESY)
