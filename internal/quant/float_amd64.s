//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// F32, F16 and BF16 weights times float32 activations, by eight partial sums an
// output (see dot.go). A step is 8 columns. Every lane does one chain of fused
// multiply-adds in the order of the columns, so nothing here rounds otherwise
// than the portable code.
//
// AVX-512: a panel is 8 rows; a step of it 4 vectors, each the 8 columns of two
// rows, 256 bytes. AVX2: 4 rows, 4 vectors, 128 bytes.

// ROWS sets pointers to the rows of a panel: w, w+stride, ... (SI)(DX*1),
// (SI)(DX*2), (SI)(R8*1) are rows 0 to 3, the same from R9 rows 4 to 7.
#define ROWS \
	LEAQ (DX)(DX*2), R8 \
	LEAQ (SI)(DX*4), R9

// Loads of 8 columns of two rows, widened: a in the low half, b in the high half.
#define PAIR_F16(a, b, x, y, z) \
	VMOVDQU     a, x       \
	VINSERTI128 $1, b, y, y \
	VCVTPH2PS   y, z

#define PAIR_BF16(a, b, x, y, z) \
	VMOVDQU     a, x       \
	VINSERTI128 $1, b, y, y \
	VPMOVZXWD   y, z    \
	VPSLLD      $16, z, z

#define PAIR_F32(a, b, x, y, z) \
	VMOVUPS      a, y      \
	VINSERTF64X4 $1, b, z, z

// PACK8 packs a step of 8 rows into the 256 bytes at DI.
#define PACK8(PAIR) \
	PAIR((SI), (SI)(DX*1), X0, Y0, Z0)        \
	PAIR((SI)(DX*2), (SI)(R8*1), X1, Y1, Z1)  \
	PAIR((R9), (R9)(DX*1), X2, Y2, Z2)        \
	PAIR((R9)(DX*2), (R9)(R8*1), X3, Y3, Z3)  \
	VMOVUPS Z0, (DI)                    \
	VMOVUPS Z1, 64(DI)                  \
	VMOVUPS Z2, 128(DI)                 \
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

// ACC4 moves the 4 accumulators of token n (8 rows, 256 bytes) between AX and
// registers a to d.
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

// WEIGHTS loads a step of the panel.
#define WEIGHTS \
	VMOVUPS (BX), Z24    \
	VMOVUPS 64(BX), Z25  \
	VMOVUPS 128(BX), Z26 \
	VMOVUPS 192(BX), Z27

// FMA4 multiplies it with the 8 activations at x, for both rows of each vector.
#define FMA4(x, a, b, c, d) \
	VBROADCASTF64X4 x, Z28   \
	VFMADD231PS Z24, Z28, a \
	VFMADD231PS Z25, Z28, b \
	VFMADD231PS Z26, Z28, c \
	VFMADD231PS Z27, Z28, d

// func tileFloatAVX512(t *tileArgs)
//
// Registers
//	SI   panel           BX  its current step    CX  steps left
//	AX   accumulators of the current tokens      DX  tokens left
//	R8   activations of the first token          R9  bytes between tokens
//	R10  R8, R11 R8 + 3 tokens, moving with BX   R12 steps
//	Z0-Z23 sums, 4 a token    Z24-Z27 weights    Z28 activations
TEXT ·tileFloatAVX512(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), DI
	MOVQ tileArgs_panel(DI), SI
	MOVQ tileArgs_nb(DI), R12
	MOVQ tileArgs_tokens(DI), DX
	MOVQ tileArgs_acc(DI), AX
	MOVQ tileArgs_f(DI), R8
	MOVQ tileArgs_qStride(DI), R9

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
	MOVQ R8, R10
	MOVQ SI, BX
	MOVQ R12, CX

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

// DIRECT is the step o bytes on of 8 rows times one token, at x bytes of the
// activations, read where they lie.
#define DIRECT(PAIR, o, x) \
	PAIR((o)(SI), (o)(SI)(DX*1), X4, Y4, Z4)        \
	PAIR((o)(SI)(DX*2), (o)(SI)(R8*1), X5, Y5, Z5)  \
	PAIR((o)(R9), (o)(R9)(DX*1), X6, Y6, Z6)        \
	PAIR((o)(R9)(DX*2), (o)(R9)(R8*1), X7, Y7, Z7)  \
	VBROADCASTF64X4 (x)(R10), Z28 \
	VFMADD231PS Z4, Z28, Z0       \
	VFMADD231PS Z5, Z28, Z1       \
	VFMADD231PS Z6, Z28, Z2       \
	VFMADD231PS Z7, Z28, Z3

// FETCH asks for as much of the next 8 rows as a cache line of each of these
// comes to, in the order of the file: the hardware notices too late that other
// rows begin, and memory is fastest in order.
#define FETCH \
	PREFETCHT0 (R12)     \
	PREFETCHT0 64(R12)   \
	PREFETCHT0 128(R12)  \
	PREFETCHT0 192(R12)  \
	PREFETCHT0 256(R12)  \
	PREFETCHT0 320(R12)  \
	PREFETCHT0 384(R12)  \
	PREFETCHT0 448(R12)  \
	ADDQ $512, R12

// DIRECT_ARGS loads t's fields for one token.
//
//	SI, R9    rows 0 and 4, DX and R8 one and three rows further
//	R12       the next 8 rows
//	CX        steps left    R10  activations    AX  accumulators, in Z0-Z3
#define DIRECT_ARGS \
	MOVQ t+0(FP), DI              \
	MOVQ tileArgs_w(DI), SI       \
	MOVQ tileArgs_wStride(DI), DX \
	MOVQ tileArgs_nb(DI), CX      \
	MOVQ tileArgs_acc(DI), AX     \
	MOVQ tileArgs_f(DI), R10      \
	ROWS                          \
	LEAQ (SI)(DX*8), R12          \
	LOAD4(0, Z0, Z1, Z2, Z3)

// func directF16AVX512(t *tileArgs)
TEXT ·directF16AVX512(SB), NOSPLIT, $0-8
	DIRECT_ARGS

line:
	SUBQ $4, CX
	JLT  rest
	FETCH
	DIRECT(PAIR_F16, 0, 0)
	DIRECT(PAIR_F16, 16, 32)
	DIRECT(PAIR_F16, 32, 64)
	DIRECT(PAIR_F16, 48, 96)
	ADDQ $64, SI
	ADDQ $64, R9
	ADDQ $128, R10
	JMP  line

rest:
	ADDQ $4, CX
	JZ   done

step:
	DIRECT(PAIR_F16, 0, 0)
	ADDQ $16, SI
	ADDQ $16, R9
	ADDQ $32, R10
	DECQ CX
	JNZ  step

done:
	STORE4(0, Z0, Z1, Z2, Z3)
	VZEROUPPER
	RET

// func directBF16AVX512(t *tileArgs)
TEXT ·directBF16AVX512(SB), NOSPLIT, $0-8
	DIRECT_ARGS

line:
	SUBQ $4, CX
	JLT  rest
	FETCH
	DIRECT(PAIR_BF16, 0, 0)
	DIRECT(PAIR_BF16, 16, 32)
	DIRECT(PAIR_BF16, 32, 64)
	DIRECT(PAIR_BF16, 48, 96)
	ADDQ $64, SI
	ADDQ $64, R9
	ADDQ $128, R10
	JMP  line

rest:
	ADDQ $4, CX
	JZ   done

step:
	DIRECT(PAIR_BF16, 0, 0)
	ADDQ $16, SI
	ADDQ $16, R9
	ADDQ $32, R10
	DECQ CX
	JNZ  step

done:
	STORE4(0, Z0, Z1, Z2, Z3)
	VZEROUPPER
	RET

// func directF32AVX512(t *tileArgs)
TEXT ·directF32AVX512(SB), NOSPLIT, $0-8
	DIRECT_ARGS

line:
	SUBQ $2, CX
	JLT  rest
	FETCH
	DIRECT(PAIR_F32, 0, 0)
	DIRECT(PAIR_F32, 32, 32)
	ADDQ $64, SI
	ADDQ $64, R9
	ADDQ $64, R10
	JMP  line

rest:
	ADDQ $2, CX
	JZ   done
	DIRECT(PAIR_F32, 0, 0)

done:
	STORE4(0, Z0, Z1, Z2, Z3)
	VZEROUPPER
	RET
