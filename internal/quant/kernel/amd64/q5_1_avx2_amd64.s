//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of Q5_1 and Q5_1v1, for AVX2. An output is the sum
// of eight partial sums and of a sum of the minima (see matmul/dot.go). So each
// group of 4 weights of a block needs a fused multiply-add of its own.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack_legacy_amd64.h"
#include "parts/rows_avx2_amd64.h"

// A panel is two vectors of rows, with a lane for each row. A vector of rows has
// PANELRUNS runs. Each of the first eight runs has the weights of one partial sum: 4
// weights of every block and row. So the code reads one sequential stream for each
// partial sum. The last two runs have the scales and the minima of all blocks.
#define PANELRUNS 10

// SUMS is the size in bytes of the accumulators of a vector of rows: eight partial sums and
// the sum of the minima.
#define SUMS (9*VBYTES)

#define PACK ·packQ5_1AVX2
#define SPLIT NIBBLES
#include "templates/packlanes_amd64.h"

#define PACK ·packQ5_1v1AVX2
#define SPLIT ADJACENT
#include "templates/packlanes_amd64.h"

// SCALE multiplies the scales of both vectors of rows with the scale of token t, which is at
// d, and stores the products. It also adds the minima, times the number at ds, to a and b.
#define SCALE(t, d, ds, a, b) \
	VBROADCASTSS d, Y8                     \
	VBROADCASTSS ds, Y9                    \
	VMULPS       (DI), Y8, Y10             \
	VMULPS       (SI), Y8, Y11             \
	VFMADD231PS  (DI)(CX*1), Y9, a         \
	VFMADD231PS  (SI)(CX*1), Y9, b         \
	VMOVUPS      Y10, ((2*t+0)*VBYTES)(DX) \
	VMOVUPS      Y11, ((2*t+1)*VBYTES)(DX)

// PRODUCT adds the products of weights w with the activations in Y10, times d, to acc.
#define PRODUCT(w, d, acc, tmp) \
	VPMADDUBSW  Y10, w, tmp   \
	VPMADDWD    Y15, tmp, tmp \
	VCVTDQ2PS   tmp, tmp      \
	VFMADD231PS d, tmp, acc

// PRODUCTS multiplies the weights of both vectors of rows with the activations of token t at q.
#define PRODUCTS(t, q, a, b) \
	VPBROADCASTD q, Y10                       \
	PRODUCT(Y8, ((2*t+0)*VBYTES)(DX), a, Y11) \
	PRODUCT(Y9, ((2*t+1)*VBYTES)(DX), b, Y12)

// LANE1 multiplies the weights at v and w, of one run of
// each vector of rows, with a token's activations at q.
#define LANE1(v, w, q, a, b) \
	VMOVDQU      v, Y8              \
	VMOVDQU      w, Y9              \
	VPBROADCASTD q, Y10             \
	PRODUCT(Y8, (DX), a, Y11)       \
	PRODUCT(Y9, VBYTES(DX), b, Y12)

// LOAD2 and STORE2 move an accumulator of each of the two vectors of rows. EACHTOKEN applies
// OP to such accumulators of four tokens, and EACHLANE to four neighbouring ones of one token.
#define LOAD2(off, a, b) \
	VMOVUPS (off)(AX), a      \
	VMOVUPS (off+SUMS)(AX), b

#define STORE2(off, a, b) \
	VMOVUPS a, (off)(AX)      \
	VMOVUPS b, (off+SUMS)(AX)

#define EACHTOKEN(OP, off) \
	OP(off+0*SUMS, Y0, Y1) \
	OP(off+2*SUMS, Y2, Y3) \
	OP(off+4*SUMS, Y4, Y5) \
	OP(off+6*SUMS, Y6, Y7)

#define EACHLANE(OP, off) \
	OP(off+0*VBYTES, Y0, Y4) \
	OP(off+1*VBYTES, Y1, Y5) \
	OP(off+2*VBYTES, Y2, Y6) \
	OP(off+3*VBYTES, Y3, Y7)

// func tileQ5_1AVX2(t *tileArgs)
//
// The tile takes four tokens at a time, then the last ones one by one. First it adds
// the minima of all blocks, and stores the products of the blocks' scales and the
// tokens' scales behind the panel. Then it computes the eight partial sums one after
// the other, each over all blocks and for all four tokens. So the accumulators stay
// in registers. For a single token, it computes four partial sums side by side.
//
// Registers
//	SI, DI     a run in the panel, of the first and the second vector of rows
//	DX         the products of scales, [block][token][vector]
//	R8         activations of the first token
//	R9, R10    bytes from one token's activations to the next token's, three times that
//	R11, BX    scales and DS of the first token
//	R12, R13   bytes from one token's scales to the next token's, three times that
//	AX         accumulators of the first token, [vector][9]
//	CX         bytes of a run
//	Y0 - Y7    accumulators of tokens 0 to 3, two vectors each
//	Y8, Y9     weights
//	Y10 - Y12  scratch
//	Y15        ones, as int16
TEXT ·tileQ5_1AVX2(SB), NOSPLIT, $48-8
	MOVQ    t+0(FP), DI
	MOVQ    tileArgs_Acc(DI), AX
	MOVQ    tileArgs_Q(DI), R8
	MOVQ    tileArgs_QStride(DI), R9
	LEAQ    (R9)(R9*2), R10
	MOVQ    tileArgs_D(DI), R11
	MOVQ    tileArgs_DS(DI), BX
	MOVQ    tileArgs_DStride(DI), R12
	LEAQ    (R12)(R12*2), R13
	MOVQ    tileArgs_NB(DI), CX
	SHLQ    $5, CX
	MOVQ    tileArgs_Tokens(DI), DX
	MOVQ    DX, tokens-8(SP)
	IMUL3Q  $(2*PANELRUNS), CX, DX
	ADDQ    tileArgs_Panel(DI), DX
	MOVQ    DX, scales-16(SP)
	VMOVDQU ·ones16(SB), Y15

tokens4:
	SUBQ   $4, tokens-8(SP)
	JLT    tokens1
	MOVQ   t+0(FP), SI
	MOVQ   tileArgs_NB(SI), DI
	MOVQ   DI, left-24(SP)
	MOVQ   tileArgs_Panel(SI), SI
	LEAQ   (SI)(CX*8), DI
	IMUL3Q $PANELRUNS, CX, SI
	ADDQ   DI, SI
	MOVQ   scales-16(SP), DX
	EACHTOKEN(LOAD2, 8*VBYTES)

scale4:
	SCALE(0, (R11), (BX), Y0, Y1)
	SCALE(1, (R11)(R12*1), (BX)(R12*1), Y2, Y3)
	SCALE(2, (R11)(R12*2), (BX)(R12*2), Y4, Y5)
	SCALE(3, (R11)(R13*1), (BX)(R13*1), Y6, Y7)
	ADDQ $VBYTES, DI
	ADDQ $VBYTES, SI
	ADDQ $4, R11
	ADDQ $4, BX
	ADDQ $(8*VBYTES), DX
	DECQ left-24(SP)
	JNZ  scale4
	EACHTOKEN(STORE2, 8*VBYTES)

	MOVQ t+0(FP), DI
	MOVQ tileArgs_Panel(DI), SI
	MOVQ $8, lanes-32(SP)

lane4:
	IMUL3Q $PANELRUNS, CX, DI
	ADDQ   SI, DI
	MOVQ   CX, left-24(SP)
	SHRQ   $5, CX
	MOVQ   scales-16(SP), DX
	EACHTOKEN(LOAD2, 0)

block4:
	VMOVDQU (SI), Y8
	VMOVDQU (DI), Y9
	PRODUCTS(0, (R8), Y0, Y1)
	PRODUCTS(1, (R8)(R9*1), Y2, Y3)
	PRODUCTS(2, (R8)(R9*2), Y4, Y5)
	PRODUCTS(3, (R8)(R10*1), Y6, Y7)
	ADDQ    $VBYTES, SI
	ADDQ    $VBYTES, DI
	ADDQ    $32, R8
	ADDQ    $(8*VBYTES), DX
	DECQ    CX
	JNZ     block4
	EACHTOKEN(STORE2, 0)
	ADDQ    $VBYTES, AX

	// SI already points to the next run. R8 goes back to the activations for this run.
	MOVQ left-24(SP), CX
	SUBQ CX, R8
	ADDQ $4, R8
	DECQ lanes-32(SP)
	JNZ  lane4

	ADDQ $(8*SUMS-8*VBYTES), AX
	SUBQ $32, R8
	LEAQ (R8)(R9*4), R8
	MOVQ CX, DI
	SHRQ $3, DI
	SUBQ DI, R11
	SUBQ DI, BX
	LEAQ (R11)(R12*4), R11
	LEAQ (BX)(R12*4), BX
	JMP  tokens4

tokens1:
	ADDQ $4, tokens-8(SP)
	LEAQ (CX)(CX*2), R10  // from here on, three times the bytes of a run

token:
	SUBQ   $1, tokens-8(SP)
	JLT    done
	MOVQ   t+0(FP), SI
	MOVQ   tileArgs_NB(SI), R13
	MOVQ   tileArgs_Panel(SI), SI
	LEAQ   (SI)(CX*8), DI
	IMUL3Q $PANELRUNS, CX, SI
	ADDQ   DI, SI
	MOVQ   scales-16(SP), DX
	LOAD2(8*VBYTES, Y0, Y1)

scale1:
	SCALE(0, (R11), (BX), Y0, Y1)
	ADDQ $VBYTES, DI
	ADDQ $VBYTES, SI
	ADDQ $4, R11
	ADDQ $4, BX
	ADDQ $(2*VBYTES), DX
	DECQ R13
	JNZ  scale1
	STORE2(8*VBYTES, Y0, Y1)

	MOVQ t+0(FP), DI
	MOVQ tileArgs_Panel(DI), SI
	MOVQ $2, lanes-32(SP)

lane1:
	IMUL3Q $PANELRUNS, CX, DI
	ADDQ   SI, DI
	MOVQ   CX, R13
	SHRQ   $5, R13
	MOVQ   scales-16(SP), DX
	EACHLANE(LOAD2, 0)

block1:
	LANE1((SI), (DI), (R8), Y0, Y4)
	LANE1((SI)(CX*1), (DI)(CX*1), 4(R8), Y1, Y5)
	LANE1((SI)(CX*2), (DI)(CX*2), 8(R8), Y2, Y6)
	LANE1((SI)(R10*1), (DI)(R10*1), 12(R8), Y3, Y7)
	ADDQ $VBYTES, SI
	ADDQ $VBYTES, DI
	ADDQ $32, R8
	ADDQ $(2*VBYTES), DX
	DECQ R13
	JNZ  block1
	EACHLANE(STORE2, 0)
	ADDQ $(4*VBYTES), AX

	// SI points to the second run. The next four runs begin with the fifth, three runs later.
	ADDQ R10, SI
	SUBQ CX, R8
	ADDQ $16, R8
	DECQ lanes-32(SP)
	JNZ  lane1

	ADDQ $(2*SUMS-8*VBYTES), AX
	SUBQ $32, R8
	ADDQ R9, R8
	MOVQ CX, DI
	SHRQ $3, DI
	SUBQ DI, R11
	SUBQ DI, BX
	ADDQ R12, R11
	ADDQ R12, BX
	JMP  token

done:
	VZEROUPPER
	RET

// func sumQ5_1AVX2(dst, acc *float32)
//
// sumQ5_1AVX2 adds a panel's accumulators of one token: first the
// partial sums, as kernel.Sum8 does, then the sum of the minima.
TEXT ·sumQ5_1AVX2(SB), NOSPLIT, $0-16
	MOVQ dst+0(FP), DI
	MOVQ acc+8(FP), SI
	MOVL $2, CX

sums:
	VMOVUPS (0*VBYTES)(SI), Y0
	VADDPS  (4*VBYTES)(SI), Y0, Y0
	VMOVUPS (2*VBYTES)(SI), Y2
	VADDPS  (6*VBYTES)(SI), Y2, Y2
	VMOVUPS (1*VBYTES)(SI), Y1
	VADDPS  (5*VBYTES)(SI), Y1, Y1
	VMOVUPS (3*VBYTES)(SI), Y3
	VADDPS  (7*VBYTES)(SI), Y3, Y3
	VADDPS  Y2, Y0, Y0
	VADDPS  Y3, Y1, Y1
	VADDPS  Y1, Y0, Y0
	VADDPS  (8*VBYTES)(SI), Y0, Y0
	VMOVUPS Y0, (DI)
	ADDQ    $SUMS, SI
	ADDQ    $VBYTES, DI
	DECL    CX
	JNZ     sums
	VZEROUPPER
	RET
