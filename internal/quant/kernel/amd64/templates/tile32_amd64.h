// This template makes the tile function of the formats with blocks of
// 32, for any number of tokens. It multiplies two vectors of rows by
// four tokens at a time, and then by the last tokens one by one.
//
// For each block of the panel and each token, the function computes
//
//	acc = fma(float32(isum), D*d, acc),  isum = -offset*Σa + Σ(q+offset)*a
//
// with one lane for each row. D is the scale of a block of weights q. a are the activations,
// and d is their scale. Two vectors of weights share each broadcast of activations.
//
// Registers
//	SI, DI       current block of the first and of the second vector of rows
//	R8           activations of the first token
//	R9, R10      bytes from one token's activations to the next token's, three times that
//	R11, DX, BX  scales, Pairs and DS of the first token (see kernel.Args)
//	R12, R13     bytes from one token's scales to the next token's, three times that
//	AX           accumulators
//	CX           blocks left
//	V0 - V7      integer sums of tokens 0 to 3, two vectors each
//	V8, V9       weights, then the panel's scales
//	V10 - V13    scratch
//	V14, V15     constants of START and ISUM

#define ACC(t, h) ((2*t+h)*VBYTES)(AX)

// ADDPRODUCT adds the product of a block to an accumulator. sum is the integer sum, d are the
// scales of the weights, and V10 is the scale of the token.
#define ADDPRODUCT(sum, d, acc, p) \
	ISUM(sum, p)            \
	VMULPS      V10, d, V12 \
	VFMADD213PS acc, sum, V12

#ifdef MINS
#define FINISH(t, d, p, ds, a, b) \
	VBROADCASTSS d, V10                   \
	VBROADCASTSS ds, V13                  \
	ADDPRODUCT(a, V8, ACC(t, 0), p)       \
	VFMADD231PS  (9*VBYTES)(SI), V13, V12 \
	VMOVUPS      V12, ACC(t, 0)           \
	ADDPRODUCT(b, V9, ACC(t, 1), p)       \
	VFMADD231PS  (9*VBYTES)(DI), V13, V12 \
	VMOVUPS      V12, ACC(t, 1)
#else
#define FINISH(t, d, p, ds, a, b) \
	VBROADCASTSS d, V10             \
	ADDPRODUCT(a, V8, ACC(t, 0), p) \
	VMOVUPS      V12, ACC(t, 0)     \
	ADDPRODUCT(b, V9, ACC(t, 1), p) \
	VMOVUPS      V12, ACC(t, 1)
#endif

TEXT TILE(SB), NOSPLIT, $24-8
	MOVQ t+0(FP), CX
	CONSTANTS(CX)
	MOVQ tileArgs_Acc(CX), AX
	MOVQ tileArgs_Q(CX), R8
	MOVQ tileArgs_QStride(CX), R9
	LEAQ (R9)(R9*2), R10
	MOVQ tileArgs_D(CX), R11
	MOVQ tileArgs_Pairs(CX), DX
	MOVQ tileArgs_DS(CX), BX
	MOVQ tileArgs_DStride(CX), R12
	LEAQ (R12)(R12*2), R13
	MOVQ tileArgs_Tokens(CX), DI
	MOVQ DI, tokens-8(SP)

	// back is how many bytes R8 moves over all blocks. R11, DX and BX move an eighth of that.
	MOVQ tileArgs_NB(CX), DI
	SHLQ $5, DI
	MOVQ DI, back-16(SP)

tokens4:
	SUBQ $4, tokens-8(SP)
	JLT  tokens1
	MOVQ t+0(FP), CX
	MOVQ tileArgs_Panel(CX), SI
	MOVQ tileArgs_NB(CX), CX
	IMUL3Q $PANEL, CX, DI
	ADDQ SI, DI

block4:
	START((DX), V0)
	VCOPY V0, V1
	START((DX)(R12*1), V2)
	VCOPY V2, V3
	START((DX)(R12*2), V4)
	VCOPY V4, V5
	START((DX)(R13*1), V6)
	VCOPY V6, V7
	DOT4(0)
	DOT4(1)
	DOT4(2)
	DOT4(3)
	DOT4(4)
	DOT4(5)
	DOT4(6)
	DOT4(7)
	VMOVUPS (8*VBYTES)(SI), V8
	VMOVUPS (8*VBYTES)(DI), V9
	FINISH(0, (R11), (DX), (BX), V0, V1)
	FINISH(1, (R11)(R12*1), (DX)(R12*1), (BX)(R12*1), V2, V3)
	FINISH(2, (R11)(R12*2), (DX)(R12*2), (BX)(R12*2), V4, V5)
	FINISH(3, (R11)(R13*1), (DX)(R13*1), (BX)(R13*1), V6, V7)
	ADDQ $PANEL, SI
	ADDQ $PANEL, DI
	ADDQ $32, R8
	ADDQ $4, R11
	ADDQ $4, DX
	ADDQ $4, BX
	DECQ CX
	JNZ  block4

	ADDQ $(8*VBYTES), AX
	MOVQ back-16(SP), CX
	SUBQ CX, R8
	LEAQ (R8)(R9*4), R8
	SHRQ $3, CX
	SUBQ CX, R11
	SUBQ CX, DX
	SUBQ CX, BX
	LEAQ (R11)(R12*4), R11
	LEAQ (DX)(R12*4), DX
	LEAQ (BX)(R12*4), BX
	JMP  tokens4

tokens1:
	ADDQ $4, tokens-8(SP)

token:
	SUBQ $1, tokens-8(SP)
	JLT  done
	MOVQ t+0(FP), CX
	MOVQ tileArgs_Panel(CX), SI
	MOVQ tileArgs_NB(CX), CX
	IMUL3Q $PANEL, CX, DI
	ADDQ SI, DI

block1:
	START((DX), V0)
	VCOPY V0, V1
	DOT1(0)
	DOT1(1)
	DOT1(2)
	DOT1(3)
	DOT1(4)
	DOT1(5)
	DOT1(6)
	DOT1(7)
	VMOVUPS (8*VBYTES)(SI), V8
	VMOVUPS (8*VBYTES)(DI), V9
	FINISH(0, (R11), (DX), (BX), V0, V1)
	ADDQ $PANEL, SI
	ADDQ $PANEL, DI
	ADDQ $32, R8
	ADDQ $4, R11
	ADDQ $4, DX
	ADDQ $4, BX
	DECQ CX
	JNZ  block1

	ADDQ $(2*VBYTES), AX
	MOVQ back-16(SP), CX
	SUBQ CX, R8
	ADDQ R9, R8
	SHRQ $3, CX
	SUBQ CX, R11
	SUBQ CX, DX
	SUBQ CX, BX
	ADDQ R12, R11
	ADDQ R12, DX
	ADDQ R12, BX
	JMP  token

done:
	VZEROUPPER
	RET

#undef TILE
#undef ACC
#undef ADDPRODUCT
#undef FINISH
