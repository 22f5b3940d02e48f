// This template makes the tile function of the formats with blocks of 256, for any number of
// tokens. It multiplies two vectors of rows by four tokens at a time, and then by the last
// tokens one by one. For each super-block of the panel and each token, the function computes
//
//	isum = Σ sc*(Σ q*a) - Σ (sc*offset)*Sums
//	acc = fma(float32(isum), D*d, acc)
//
// or, with MINS,
//
//	isum = Σ sc*(Σ q*a),  msum = Σ mn*Sums
//	acc = fma(float32(isum), D*d, acc)
//	acc = fma(-float32(msum), DMin*d, acc)
//
// with one lane for each row. The outer sums are over runs: weights q with the
// same scale sc and minimum mn. Sums has the sum of each 16 activations a. D
// and DMin are the scales of sc and mn, and d is the scale of the activations.
//
// RUN is one of the macros in runs_amd64.h. RUNS is the number of runs
// in a super-block, and RUNWEIGHTS is the number of weights in a run.
//
// Registers
//	SI, DI       current run of the first and of the second vector of rows
//	R8           activations of the first token
//	R9, R10      bytes from one token's activations to the next token's, three times that
//	R11          scales of the first token
//	R12, R13     bytes from one token's scales to the next token's, three times that
//	DX           Sums of token 0 (see kernel.Args); those of token 1 are R12*8 bytes later
//	BX           address of isum; while pairs are added, Sums of token 2
//	AX           accumulators
//	CX           runs left
//	V0 - V7      sums of a run, then of pairs: tokens 0 to 3, two vectors each
//	V8, V9       weights, then scales
//	V10 - V13    scratch
//	SUM0 - SUM7  isum of tokens 0 to 3, two vectors each, in registers or in memory

#define ACC(t, h) ((2*t+h)*VBYTES)(AX)

#define ZERO2(a, b) \
	VXOR a, a, a \
	VXOR b, b, b

#define ZERO1 ZERO2(V0, V1)
#define ZERO4 \
	ZERO1         \
	ZERO2(V2, V3) \
	ZERO2(V4, V5) \
	ZERO2(V6, V7)

// ADDRUN1 and ADDRUN4 multiply the sums of a run by its scales and add the results to isum.
#define ADDRUN1 \
	VLOAD (RUNWEIGHTS/4*VBYTES)(SI), V8 \
	VLOAD (RUNWEIGHTS/4*VBYTES)(DI), V9 \
	ADDSCALED(V8, V0, SUM0)             \
	ADDSCALED(V9, V1, SUM1)

#define ADDRUN4 \
	ADDRUN1                 \
	ADDSCALED(V8, V2, SUM2) \
	ADDSCALED(V9, V3, SUM3) \
	ADDSCALED(V8, V4, SUM4) \
	ADDSCALED(V9, V5, SUM5) \
	ADDSCALED(V8, V6, SUM6) \
	ADDSCALED(V9, V7, SUM7)

// PAIRS1 and PAIRS4 add the products of the j-th pairs (see
// unpack256_amd64.h) with one token and with four tokens.
#define PAIRS2(sums, a, b) \
	VPBROADCASTD sums, V10 \
	ADDPAIRS(V8, a)        \
	ADDPAIRS(V9, b)

#define PAIRS1(j) \
	VLOAD (j*VBYTES)(SI), V8 \
	VLOAD (j*VBYTES)(DI), V9 \
	PAIRS2((j*4)(DX), V0, V1)

#define PAIRS4(j) \
	PAIRS1(j)                        \
	PAIRS2((j*4)(DX)(R12*8), V2, V3) \
	PAIRS2((j*4)(BX), V4, V5)        \
	PAIRS2((j*4)(BX)(R12*8), V6, V7)

// FINISH1 adds the product of a super-block to an accumulator. s is the sum of runs, p the sum of
// pairs, d and dmin are the scales of the weights, and V10 is the scale of the token.
#ifdef MINS
#define FINISH1(s, p, d, dmin, acc) \
	VCVTDQ2PS    s, V11         \
	VMULPS       V10, d, V12    \
	VMOVUPS      acc, V13       \
	VFMADD231PS  V12, V11, V13  \
	VCVTDQ2PS    p, p           \
	VMULPS       dmin, V10, V12 \
	VFNMADD231PS V12, p, V13    \
	VMOVUPS      V13, acc
#else
#define FINISH1(s, p, d, dmin, acc) \
	VLOAD        s, V11        \
	VPSUBD       p, V11, V11   \
	VCVTDQ2PS    V11, V11      \
	VMULPS       V10, d, V12   \
	VMOVUPS      acc, V13      \
	VFMADD231PS  V12, V11, V13 \
	VMOVUPS      V13, acc
#endif

#define FINISH(t, d, s, sum, p, pairs) \
	VBROADCASTSS d, V10                          \
	FINISH1(s, p, V8, (9*VBYTES)(SI), ACC(t, 0)) \
	FINISH1(sum, pairs, V9, (9*VBYTES)(DI), ACC(t, 1))

TEXT TILE(SB), NOSPLIT, $336-8
	MOVQ t+0(FP), CX
	MOVQ tileArgs_Acc(CX), AX
	MOVQ tileArgs_Q(CX), R8
	MOVQ tileArgs_QStride(CX), R9
	LEAQ (R9)(R9*2), R10
	MOVQ tileArgs_D(CX), R11
	MOVQ tileArgs_Sums(CX), DX
	MOVQ tileArgs_DStride(CX), R12
	LEAQ (R12)(R12*2), R13
	MOVQ tileArgs_Tokens(CX), BX
	MOVQ BX, tokens-8(SP)
	CONSTANTS(CX)

tokens4:
	SUBQ   $4, tokens-8(SP)
	JLT    tokens1
	MOVQ   t+0(FP), CX
	MOVQ   tileArgs_Panel(CX), SI
	MOVQ   tileArgs_NB(CX), CX
	MOVQ   CX, blocks-16(SP)
	IMUL3Q $PANEL, CX, DI
	ADDQ   SI, DI
	MOVQ   R8, q-24(SP)
	MOVQ   R11, d-32(SP)
	MOVQ   DX, sums-40(SP)

block4:
	SUMBASE
	ZEROSUMS4
	MOVL $RUNS, CX

run4:
	ZERO4
	RUN(DOT4, ADDRUN4, ZERO4)
	ADDRUN4
	ADDQ  $((RUNWEIGHTS/4+1)*VBYTES), SI
	ADDQ  $((RUNWEIGHTS/4+1)*VBYTES), DI
	ADDQ  $RUNWEIGHTS, R8
	DECL  CX
	JNZ   run4

	ZERO4
	MOVQ R12, BX
	SHLQ $4, BX
	ADDQ DX, BX
	ALLPAIRS(PAIRS4)
	SUMBASE
	VMOVUPS (8*VBYTES)(SI), V8
	VMOVUPS (8*VBYTES)(DI), V9
	FINISH(0, (R11), SUM0, SUM1, V0, V1)
	FINISH(1, (R11)(R12*1), SUM2, SUM3, V2, V3)
	FINISH(2, (R11)(R12*2), SUM4, SUM5, V4, V5)
	FINISH(3, (R11)(R13*1), SUM6, SUM7, V6, V7)
	ADDQ $(10*VBYTES), SI
	ADDQ $(10*VBYTES), DI
	ADDQ $4, R11
	ADDQ $32, DX
	DECQ blocks-16(SP)
	JNZ  block4

	ADDQ $(8*VBYTES), AX
	MOVQ q-24(SP), R8
	LEAQ (R8)(R9*4), R8
	MOVQ d-32(SP), R11
	LEAQ (R11)(R12*4), R11
	MOVQ R12, DX
	SHLQ $5, DX
	ADDQ sums-40(SP), DX
	JMP  tokens4

tokens1:
	ADDQ $4, tokens-8(SP)

token:
	SUBQ   $1, tokens-8(SP)
	JLT    done
	MOVQ   t+0(FP), CX
	MOVQ   tileArgs_Panel(CX), SI
	MOVQ   tileArgs_NB(CX), CX
	MOVQ   CX, blocks-16(SP)
	IMUL3Q $PANEL, CX, DI
	ADDQ   SI, DI
	MOVQ   R8, q-24(SP)
	MOVQ   R11, d-32(SP)
	MOVQ   DX, sums-40(SP)

block1:
	SUMBASE
	ZEROSUMS1
	MOVL $RUNS, CX

run1:
	ZERO1
	RUN(DOT1, ADDRUN1, ZERO1)
	ADDRUN1
	ADDQ  $((RUNWEIGHTS/4+1)*VBYTES), SI
	ADDQ  $((RUNWEIGHTS/4+1)*VBYTES), DI
	ADDQ  $RUNWEIGHTS, R8
	DECL  CX
	JNZ   run1

	ZERO1
	ALLPAIRS(PAIRS1)
	VMOVUPS (8*VBYTES)(SI), V8
	VMOVUPS (8*VBYTES)(DI), V9
	FINISH(0, (R11), SUM0, SUM1, V0, V1)
	ADDQ $(10*VBYTES), SI
	ADDQ $(10*VBYTES), DI
	ADDQ $4, R11
	ADDQ $32, DX
	DECQ blocks-16(SP)
	JNZ  block1

	ADDQ $(2*VBYTES), AX
	MOVQ q-24(SP), R8
	ADDQ R9, R8
	MOVQ d-32(SP), R11
	ADDQ R12, R11
	MOVQ sums-40(SP), DX
	LEAQ (DX)(R12*8), DX
	JMP  token

done:
	VZEROUPPER
	RET

#undef TILE
#undef ACC
#undef ZERO2
#undef ZERO1
#undef ZERO4
#undef ADDRUN1
#undef ADDRUN4
#undef PAIRS2
#undef PAIRS1
#undef PAIRS4
#undef FINISH1
#undef FINISH
