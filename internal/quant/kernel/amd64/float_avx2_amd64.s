//go:build !purego

#include "go_asm.h"
#include "textflag.h"
#include "parts/fetch_amd64.h"

// This file has the kernels of float_amd64.s for AVX2. A panel is 4
// rows, and a step of 8 columns is 128 bytes: one vector for each row.

#define ROW_F16(a, y) VCVTPH2PS a, y

#define ROW_BF16(a, y) \
	VPMOVZXWD a, y      \
	VPSLLD    $16, y, y

#define ROW_F32(a, y) VMOVUPS a, y

#define PACK_ARGS \
	MOVQ panel+0(FP), DI   \
	MOVQ w+8(FP), SI       \
	MOVQ stride+16(FP), DX \
	MOVQ nb+24(FP), CX     \
	LEAQ (DX)(DX*2), R8

#define PACK4(ROW) \
	ROW((SI), Y0)       \
	ROW((SI)(DX*1), Y1) \
	ROW((SI)(DX*2), Y2) \
	ROW((SI)(R8*1), Y3) \
	VMOVUPS Y0, (DI)    \
	VMOVUPS Y1, 32(DI)  \
	VMOVUPS Y2, 64(DI)  \
	VMOVUPS Y3, 96(DI)  \
	ADDQ    $128, DI

// func packF16AVX2(panel, w *byte, stride, nb int)
TEXT ·packF16AVX2(SB), NOSPLIT, $0-32
	PACK_ARGS

loop:
	PACK4(ROW_F16)
	ADDQ $16, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func packBF16AVX2(panel, w *byte, stride, nb int)
TEXT ·packBF16AVX2(SB), NOSPLIT, $0-32
	PACK_ARGS

loop:
	PACK4(ROW_BF16)
	ADDQ $16, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func packF32AVX2(panel, w *byte, stride, nb int)
TEXT ·packF32AVX2(SB), NOSPLIT, $0-32
	PACK_ARGS

loop:
	PACK4(ROW_F32)
	ADDQ $32, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

#define LOAD4(n, a, b, c, d) \
	VMOVUPS (n*128+0)(AX), a  \
	VMOVUPS (n*128+32)(AX), b \
	VMOVUPS (n*128+64)(AX), c \
	VMOVUPS (n*128+96)(AX), d

#define STORE4(n, a, b, c, d) \
	VMOVUPS a, (n*128+0)(AX)  \
	VMOVUPS b, (n*128+32)(AX) \
	VMOVUPS c, (n*128+64)(AX) \
	VMOVUPS d, (n*128+96)(AX)

// FMA3 multiplies row r of the panel's current step with
// three tokens, and adds the products to a, b and c.
#define FMA3(r, a, b, c) \
	VMOVUPS     (r*32)(BX), Y15 \
	VFMADD231PS Y15, Y12, a     \
	VFMADD231PS Y15, Y13, b     \
	VFMADD231PS Y15, Y14, c

// func tileFloatAVX2(t *tileArgs)
//
// Registers
//	SI         panel
//	BX         current step of the panel
//	CX         steps left
//	AX         accumulators of the current tokens
//	DX         tokens left
//	R8         activations of the first of these tokens
//	R9         bytes from one token's activations to the next token's
//	R10        current step of the first token's activations
//	R12        number of steps
//	Y0 - Y11   sums, one vector for each token and row
//	Y12 - Y14  activations of three tokens
//	Y15        weights
TEXT ·tileFloatAVX2(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ tileArgs_Panel(DI), SI
	MOVQ tileArgs_NB(DI), R12
	MOVQ tileArgs_Tokens(DI), DX
	MOVQ tileArgs_Acc(DI), AX
	MOVQ tileArgs_F(DI), R8
	MOVQ tileArgs_QStride(DI), R9

three:
	CMPQ DX, $3
	JLT  one
	LOAD4(0, Y0, Y1, Y2, Y3)
	LOAD4(1, Y4, Y5, Y6, Y7)
	LOAD4(2, Y8, Y9, Y10, Y11)
	MOVQ R8, R10
	MOVQ SI, BX
	MOVQ R12, CX

three_step:
	VMOVUPS (R10), Y12
	VMOVUPS (R10)(R9*1), Y13
	VMOVUPS (R10)(R9*2), Y14
	FMA3(0, Y0, Y4, Y8)
	FMA3(1, Y1, Y5, Y9)
	FMA3(2, Y2, Y6, Y10)
	FMA3(3, Y3, Y7, Y11)
	ADDQ    $128, BX
	ADDQ    $32, R10
	DECQ    CX
	JNZ     three_step
	STORE4(0, Y0, Y1, Y2, Y3)
	STORE4(1, Y4, Y5, Y6, Y7)
	STORE4(2, Y8, Y9, Y10, Y11)
	ADDQ    $(3*128), AX
	LEAQ    (R9)(R9*2), R11
	ADDQ    R11, R8
	SUBQ    $3, DX
	JMP     three

one:
	TESTQ DX, DX
	JZ    done
	LOAD4(0, Y0, Y1, Y2, Y3)
	MOVQ  R8, R10
	MOVQ  SI, BX
	MOVQ  R12, CX

one_step:
	VMOVUPS     (R10), Y12
	VFMADD231PS (BX), Y12, Y0
	VFMADD231PS 32(BX), Y12, Y1
	VFMADD231PS 64(BX), Y12, Y2
	VFMADD231PS 96(BX), Y12, Y3
	ADDQ        $128, BX
	ADDQ        $32, R10
	DECQ        CX
	JNZ         one_step
	STORE4(0, Y0, Y1, Y2, Y3)
	ADDQ        $128, AX
	ADDQ        R9, R8
	DECQ        DX
	JMP         one

done:
	VZEROUPPER
	RET

// DIRECT multiplies a step of 4 rows with one token, without a panel. The
// step begins at byte o of the rows and at byte x of the activations.
#define DIRECT(ROW, o, x) \
	VMOVUPS     (x)(R10), Y12 \
	ROW((o)(SI), Y8)          \
	ROW((o)(SI)(DX*1), Y9)    \
	ROW((o)(SI)(DX*2), Y10)   \
	ROW((o)(SI)(R8*1), Y11)   \
	VFMADD231PS Y8, Y12, Y0   \
	VFMADD231PS Y9, Y12, Y1   \
	VFMADD231PS Y10, Y12, Y2  \
	VFMADD231PS Y11, Y12, Y3

// DIRECT_ARGS loads t's fields for one token.
//
//	SI       row 0
//	DX, R8   bytes from row 0 to row 1, and to row 3
//	CX       steps left
//	R10      activations
//	AX       accumulators
//	Y0 - Y3  sums of rows 0 to 3
#define DIRECT_ARGS \
	MOVQ t+0(FP), DI              \
	MOVQ tileArgs_W(DI), SI       \
	MOVQ tileArgs_WStride(DI), DX \
	MOVQ tileArgs_NB(DI), CX      \
	MOVQ tileArgs_Acc(DI), AX     \
	MOVQ tileArgs_F(DI), R10      \
	LEAQ (DX)(DX*2), R8           \
	LOAD4(0, Y0, Y1, Y2, Y3)

// func directF16AVX2(t *tileArgs)
TEXT ·directF16AVX2(SB), NOSPLIT, $0-8
	DIRECT_ARGS

line:
	SUBQ $4, CX
	JLT  rest
	FETCH4STREAMS(2048)
	DIRECT(ROW_F16, 0, 0)
	DIRECT(ROW_F16, 16, 32)
	DIRECT(ROW_F16, 32, 64)
	DIRECT(ROW_F16, 48, 96)
	ADDQ $64, SI
	ADDQ $128, R10
	JMP  line

rest:
	ADDQ $4, CX
	JZ   done

step:
	DIRECT(ROW_F16, 0, 0)
	ADDQ $16, SI
	ADDQ $32, R10
	DECQ CX
	JNZ  step

done:
	STORE4(0, Y0, Y1, Y2, Y3)
	VZEROUPPER
	RET

// func directBF16AVX2(t *tileArgs)
TEXT ·directBF16AVX2(SB), NOSPLIT, $0-8
	DIRECT_ARGS

line:
	SUBQ $4, CX
	JLT  rest
	FETCH4STREAMS(2048)
	DIRECT(ROW_BF16, 0, 0)
	DIRECT(ROW_BF16, 16, 32)
	DIRECT(ROW_BF16, 32, 64)
	DIRECT(ROW_BF16, 48, 96)
	ADDQ $64, SI
	ADDQ $128, R10
	JMP  line

rest:
	ADDQ $4, CX
	JZ   done

step:
	DIRECT(ROW_BF16, 0, 0)
	ADDQ $16, SI
	ADDQ $32, R10
	DECQ CX
	JNZ  step

done:
	STORE4(0, Y0, Y1, Y2, Y3)
	VZEROUPPER
	RET

// func directF32AVX2(t *tileArgs)
TEXT ·directF32AVX2(SB), NOSPLIT, $0-8
	DIRECT_ARGS

line:
	SUBQ $2, CX
	JLT  rest
	FETCH4STREAMS(2048)
	DIRECT(ROW_F32, 0, 0)
	DIRECT(ROW_F32, 32, 32)
	ADDQ $64, SI
	ADDQ $64, R10
	JMP  line

rest:
	ADDQ $2, CX
	JZ   done
	DIRECT(ROW_F32, 0, 0)

done:
	STORE4(0, Y0, Y1, Y2, Y3)
	VZEROUPPER
	RET

// HALVES adds the halves of a row's eight partial
// sums, which are at off: s0+s4, s1+s5, s2+s6, s3+s7.
#define HALVES(off, x) \
	VMOVUPS off(SI), x         \
	VADDPS  (off+16)(SI), x, x

// func sumLanes4AVX2(dst, acc *float32, n int)
TEXT ·sumLanes4AVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ acc+8(FP), SI
	MOVQ n+16(FP), CX

sums:
	HALVES(0, X0)
	HALVES(32, X1)
	HALVES(64, X2)
	HALVES(96, X3)
	VUNPCKLPD X1, X0, X4
	VUNPCKHPD X1, X0, X5
	VADDPS    X5, X4, X4 // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7) of two rows
	VUNPCKLPD X3, X2, X6
	VUNPCKHPD X3, X2, X7
	VADDPS    X7, X6, X6
	VHADDPS   X6, X4, X4
	VMOVUPS   X4, (DI)
	ADDQ      $128, SI
	ADDQ      $16, DI
	SUBQ      $4, CX
	JNZ       sums
	VZEROUPPER
	RET
