//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies F32, F16 and BF16 weights with float32 activations. Each output has eight
// partial sums (see matmul/dot.go). A step is 8 columns. Every lane does one chain of fused
// multiply-adds in the order of the columns, so the results are those of the portable code.
//
// On AVX-512, a panel has 8 rows. A step of a panel has 256 bytes: 4
// vectors, each with the 8 columns of two rows. On AVX2, a panel has 4
// rows. A step of a panel has 128 bytes: one vector for each row.

// ROWS sets pointers to the rows of a panel. Rows 0 to 3 are (SI), (SI)(DX*1), (SI)(DX*2)
// and (SI)(R8*1); rows 4 to 7 have the same distances from R9.
#define ROWS \
	LEAQ (DX)(DX*2), R8 \
	LEAQ (SI)(DX*4), R9

// PAIR_x loads 8 columns of the two rows at a and b, and converts them to float32:
// row a to the low half of z, row b to the high half. x is the type of the weights.
#define PAIR_F16(a, b, x, y, z) \
	VMOVDQU     a, x        \
	VINSERTI128 $1, b, y, y \
	VCVTPH2PS   y, z

#define PAIR_BF16(a, b, x, y, z) \
	VMOVDQU     a, x        \
	VINSERTI128 $1, b, y, y \
	VPMOVZXWD   y, z        \
	VPSLLD      $16, z, z

#define PAIR_F32(a, b, x, y, z) \
	VMOVUPS      a, y        \
	VINSERTF64X4 $1, b, z, z

// PACK8 packs a step of 8 rows into the 256 bytes at DI.
#define PACK8(PAIR) \
	PAIR((SI), (SI)(DX*1), X0, Y0, Z0)       \
	PAIR((SI)(DX*2), (SI)(R8*1), X1, Y1, Z1) \
	PAIR((R9), (R9)(DX*1), X2, Y2, Z2)       \
	PAIR((R9)(DX*2), (R9)(R8*1), X3, Y3, Z3) \
	VMOVUPS Z0, (DI)                         \
	VMOVUPS Z1, 64(DI)                       \
	VMOVUPS Z2, 128(DI)                      \
	VMOVUPS Z3, 192(DI)

// func packF16AVX512(panel, w *byte, stride, nb int)
TEXT ·packF16AVX512(SB), NOSPLIT, $0-32
	MOVQ panel+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ stride+16(FP), DX
	MOVQ nb+24(FP), CX
	ROWS

loop:
	PACK8(PAIR_F16)
	ADDQ $16, SI
	ADDQ $16, R9
	ADDQ $256, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func packBF16AVX512(panel, w *byte, stride, nb int)
TEXT ·packBF16AVX512(SB), NOSPLIT, $0-32
	MOVQ panel+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ stride+16(FP), DX
	MOVQ nb+24(FP), CX
	ROWS

loop:
	PACK8(PAIR_BF16)
	ADDQ $16, SI
	ADDQ $16, R9
	ADDQ $256, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// func packF32AVX512(panel, w *byte, stride, nb int)
TEXT ·packF32AVX512(SB), NOSPLIT, $0-32
	MOVQ panel+0(FP), DI
	MOVQ w+8(FP), SI
	MOVQ stride+16(FP), DX
	MOVQ nb+24(FP), CX
	ROWS

loop:
	PACK8(PAIR_F32)
	ADDQ $32, SI
	ADDQ $32, R9
	ADDQ $256, DI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET

// LOAD4 and STORE4 move the accumulators of token n (8 rows,
// 256 bytes) between the memory at AX and registers a to d.
#define LOAD4(n, a, b, c, d) \
	VMOVUPS (n*256+0)(AX), a   \
	VMOVUPS (n*256+64)(AX), b  \
	VMOVUPS (n*256+128)(AX), c \
	VMOVUPS (n*256+192)(AX), d

#define STORE4(n, a, b, c, d) \
	VMOVUPS a, (n*256+0)(AX)   \
	VMOVUPS b, (n*256+64)(AX)  \
	VMOVUPS c, (n*256+128)(AX) \
	VMOVUPS d, (n*256+192)(AX)

// WEIGHTS loads a step of the panel to Z24-Z27.
#define WEIGHTS \
	VMOVUPS (BX), Z24    \
	VMOVUPS 64(BX), Z25  \
	VMOVUPS 128(BX), Z26 \
	VMOVUPS 192(BX), Z27

// FMA4 multiplies both rows of each vector of weights with
// the 8 activations at x, and adds the products to a to d.
#define FMA4(x, a, b, c, d) \
	VBROADCASTF64X4 x, Z28      \
	VFMADD231PS     Z24, Z28, a \
	VFMADD231PS     Z25, Z28, b \
	VFMADD231PS     Z26, Z28, c \
	VFMADD231PS     Z27, Z28, d

// func tileFloatAVX512(t *tileArgs)
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
//	R11        current step of the fourth token's activations
//	R12        number of steps
//	Z0 - Z23   sums, four vectors for each token
//	Z24 - Z27  weights
//	Z28        activations
TEXT ·tileFloatAVX512(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ tileArgs_Panel(DI), SI
	MOVQ tileArgs_NB(DI), R12
	MOVQ tileArgs_Tokens(DI), DX
	MOVQ tileArgs_Acc(DI), AX
	MOVQ tileArgs_F(DI), R8
	MOVQ tileArgs_QStride(DI), R9

six:
	CMPQ DX, $6
	JLT  three
	LOAD4(0, Z0, Z1, Z2, Z3)
	LOAD4(1, Z4, Z5, Z6, Z7)
	LOAD4(2, Z8, Z9, Z10, Z11)
	LOAD4(3, Z12, Z13, Z14, Z15)
	LOAD4(4, Z16, Z17, Z18, Z19)
	LOAD4(5, Z20, Z21, Z22, Z23)
	MOVQ R8, R10
	LEAQ (R9)(R9*2), R11
	ADDQ R8, R11
	MOVQ SI, BX
	MOVQ R12, CX

six_step:
	WEIGHTS
	FMA4((R10), Z0, Z1, Z2, Z3)
	FMA4((R10)(R9*1), Z4, Z5, Z6, Z7)
	FMA4((R10)(R9*2), Z8, Z9, Z10, Z11)
	FMA4((R11), Z12, Z13, Z14, Z15)
	FMA4((R11)(R9*1), Z16, Z17, Z18, Z19)
	FMA4((R11)(R9*2), Z20, Z21, Z22, Z23)
	ADDQ $256, BX
	ADDQ $32, R10
	ADDQ $32, R11
	DECQ CX
	JNZ  six_step
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4(1, Z4, Z5, Z6, Z7)
	STORE4(2, Z8, Z9, Z10, Z11)
	STORE4(3, Z12, Z13, Z14, Z15)
	STORE4(4, Z16, Z17, Z18, Z19)
	STORE4(5, Z20, Z21, Z22, Z23)
	ADDQ $(6*256), AX
	LEAQ (R9)(R9*2), R11
	LEAQ (R8)(R11*2), R8
	SUBQ $6, DX
	JMP  six

three:
	CMPQ DX, $3
	JLT  one
	LOAD4(0, Z0, Z1, Z2, Z3)
	LOAD4(1, Z4, Z5, Z6, Z7)
	LOAD4(2, Z8, Z9, Z10, Z11)
	MOVQ R8, R10
	MOVQ SI, BX
	MOVQ R12, CX

three_step:
	WEIGHTS
	FMA4((R10), Z0, Z1, Z2, Z3)
	FMA4((R10)(R9*1), Z4, Z5, Z6, Z7)
	FMA4((R10)(R9*2), Z8, Z9, Z10, Z11)
	ADDQ $256, BX
	ADDQ $32, R10
	DECQ CX
	JNZ  three_step
	STORE4(0, Z0, Z1, Z2, Z3)
	STORE4(1, Z4, Z5, Z6, Z7)
	STORE4(2, Z8, Z9, Z10, Z11)
	ADDQ $(3*256), AX
	LEAQ (R9)(R9*2), R11
	ADDQ R11, R8
	SUBQ $3, DX

one:
	TESTQ DX, DX
	JZ    done
	LOAD4(0, Z0, Z1, Z2, Z3)
	MOVQ  R8, R10
	MOVQ  SI, BX
	MOVQ  R12, CX

one_step:
	WEIGHTS
	FMA4((R10), Z0, Z1, Z2, Z3)
	ADDQ $256, BX
	ADDQ $32, R10
	DECQ CX
	JNZ  one_step
	STORE4(0, Z0, Z1, Z2, Z3)
	ADDQ $256, AX
	ADDQ R9, R8
	DECQ DX
	JMP  one

done:
	VZEROUPPER
	RET
