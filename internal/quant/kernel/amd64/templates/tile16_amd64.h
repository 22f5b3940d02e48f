// This template makes the tile function of the formats with a scale for
// each 16 weights, for any number of tokens. It multiplies two vectors of
// rows by four tokens at a time, and then by the last tokens one by one.
//
// In a panel, each half of a block has four vectors of weights, then D,
// then the minima. For each half and each token, the function computes
//
//	acc = fma(float32(isum), D*d, acc),  isum = -offset*Σa + Σ(q+offset)*a
//
// or, with MINS,
//
//	acc = fma(float32(isum), D*d, acc),  isum = Σ q*a
//	acc = fma(M, d*float32(Σa), acc)
//
// with one lane for each row. D and M are the scale and the minimum
// of 16 weights q. a are the activations, and d is their scale.
//
// Registers
//	SI, DI     current half block of the first and of the second vector of rows
//	R8         activations of the first token
//	R9, R10    bytes from one token's activations to the next token's, three times that
//	R11        scales of the first token
//	R12, R13   bytes from one token's scales to the next token's, three times that
//	AX         accumulators
//	CX         blocks left
//	V0 - V7    integer sums of tokens 0 to 3, two vectors each
//	V8, V9     weights, then the panel's scales
//	V10 - V13  scratch
//	V14        -offset, as int16
//	V15        1 in all bytes

#define ACC(t, h) ((2*t+h)*VBYTES)(AX)

#define ZERO2(a, b) \
	VXOR a, a, a \
	VXOR b, b, b

#ifdef MINS
#define FINISH1(sum, d, m, acc) \
	VPMADDWD    ONES, sum, sum \
	VCVTDQ2PS   sum, sum       \
	VMULPS      V10, d, V12    \
	VFMADD213PS acc, sum, V12  \
	VFMADD231PS m, V13, V12    \
	VMOVUPS     V12, acc
#else
#define FINISH1(sum, d, m, acc) \
	VPMADDWD    ONES, sum, sum \
	VPADDD      V13, sum, sum  \
	VCVTDQ2PS   sum, sum       \
	VMULPS      V10, d, V12    \
	VFMADD213PS acc, sum, V12  \
	VMOVUPS     V12, acc
#endif

#define FINISH(t, d, q, a, b) \
	VBROADCASTSS d, V10                       \
	TOKENSUM(q, V13, V12)                     \
	FINISH1(a, V8, (5*VBYTES)(SI), ACC(t, 0)) \
	FINISH1(b, V9, (5*VBYTES)(DI), ACC(t, 1))

#define NEXTHALF \
	ADDQ $(PART/2), SI \
	ADDQ $(PART/2), DI \
	ADDQ $16, R8

#define HALF4 \
	ZERO2(V0, V1)                                 \
	ZERO2(V2, V3)                                 \
	ZERO2(V4, V5)                                 \
	ZERO2(V6, V7)                                 \
	DOT4(0)                                       \
	DOT4(1)                                       \
	DOT4(2)                                       \
	DOT4(3)                                       \
	VMOVUPS (4*VBYTES)(SI), V8                    \
	VMOVUPS (4*VBYTES)(DI), V9                    \
	FINISH(0, (R11), (R8), V0, V1)                \
	FINISH(1, (R11)(R12*1), (R8)(R9*1), V2, V3)   \
	FINISH(2, (R11)(R12*2), (R8)(R9*2), V4, V5)   \
	FINISH(3, (R11)(R13*1), (R8)(R10*1), V6, V7)  \
	NEXTHALF

#define HALF1 \
	ZERO2(V0, V1)                  \
	DOT1(0)                        \
	DOT1(1)                        \
	DOT1(2)                        \
	DOT1(3)                        \
	VMOVUPS (4*VBYTES)(SI), V8     \
	VMOVUPS (4*VBYTES)(DI), V9     \
	FINISH(0, (R11), (R8), V0, V1) \
	NEXTHALF

TEXT TILE(SB), NOSPLIT, $24-8
	MOVQ         t+0(FP), CX
	VPBROADCASTD tileArgs_Offset(CX), V14
	VPBROADCASTD ·ones8(SB), V15
	MOVQ         tileArgs_Acc(CX), AX
	MOVQ         tileArgs_Q(CX), R8
	MOVQ         tileArgs_QStride(CX), R9
	LEAQ         (R9)(R9*2), R10
	MOVQ         tileArgs_D(CX), R11
	MOVQ         tileArgs_DStride(CX), R12
	LEAQ         (R12)(R12*2), R13
	MOVQ         tileArgs_Tokens(CX), DI
	MOVQ         DI, tokens-8(SP)

	// back is how many bytes R8 moves over all blocks. R11 moves an eighth of that.
	MOVQ tileArgs_NB(CX), DI
	SHLQ $5, DI
	MOVQ DI, back-16(SP)

tokens4:
	SUBQ   $4, tokens-8(SP)
	JLT    tokens1
	MOVQ   t+0(FP), CX
	MOVQ   tileArgs_Panel(CX), SI
	MOVQ   tileArgs_NB(CX), CX
	IMUL3Q $PART, CX, DI
	ADDQ   SI, DI

block4:
	HALF4
	HALF4
	ADDQ $4, R11
	DECQ CX
	JNZ  block4

	ADDQ $(8*VBYTES), AX
	MOVQ back-16(SP), CX
	SUBQ CX, R8
	LEAQ (R8)(R9*4), R8
	SHRQ $3, CX
	SUBQ CX, R11
	LEAQ (R11)(R12*4), R11
	JMP  tokens4

tokens1:
	ADDQ $4, tokens-8(SP)

token:
	SUBQ   $1, tokens-8(SP)
	JLT    done
	MOVQ   t+0(FP), CX
	MOVQ   tileArgs_Panel(CX), SI
	MOVQ   tileArgs_NB(CX), CX
	IMUL3Q $PART, CX, DI
	ADDQ   SI, DI

block1:
	HALF1
	HALF1
	ADDQ $4, R11
	DECQ CX
	JNZ  block1

	ADDQ $(2*VBYTES), AX
	MOVQ back-16(SP), CX
	SUBQ CX, R8
	ADDQ R9, R8
	SHRQ $3, CX
	SUBQ CX, R11
	ADDQ R12, R11
	JMP  token

done:
	VZEROUPPER
	RET

#undef TILE
#undef ACC
#undef ZERO2
#undef FINISH1
#undef FINISH
#undef NEXTHALF
#undef HALF4
#undef HALF1
