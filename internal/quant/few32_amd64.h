// A 32-wide format's product with any number of tokens for AVX2 in one pass over the file's
// blocks: a block of 16 rows is packed to the nearest cache, as in a panel, and used at
// once by four tokens at a time, then by two and by one.
//
// To be defined: FEW (the function's name), UNPACK and SCALES (see unpack32_amd64.h), BLOCK
// (bytes of a block), FETCH (prefetches for 8 rows at R13).
//
// Registers
//	SI, R9, DX, R8     rows (see rows_avx2_amd64.h) while packing
//	R13                what to prefetch while packing
//	DI                 the packed block: vectors of rows 0 to 7 and of the others in
//	                   turns, then their scales (and minima)
//	R12, CX, AX, SI    the current token's activations, scale, pairs, DS
//	R11, R10           bytes from a token's activations to the next's, three times that
//	BX, R15            bytes from a token's scales to the next's, three times that
//	R9, R14            accumulators, tokens left
//	Y0 - Y7            sums of tokens 0 to 3, of rows 0 to 7 and of the others in turns
//	Y8 - Y13           scratch; Y14, Y15 constants

#define PACKED(i) ((i)*64)(DI)
#define FEWSTORE(h) \
	VMOVDQU Y0, (0*64+32*h)(DI) \
	VMOVDQU Y1, (1*64+32*h)(DI) \
	VMOVDQU Y2, (2*64+32*h)(DI) \
	VMOVDQU Y3, (3*64+32*h)(DI) \
	VMOVDQU Y4, (4*64+32*h)(DI) \
	VMOVDQU Y5, (5*64+32*h)(DI) \
	VMOVDQU Y6, (6*64+32*h)(DI) \
	VMOVDQU Y7, (7*64+32*h)(DI)

// HALF copies the scale of a row, HALVES16 those of all: by way of memory, since the pipes
// for vectors are what there is least of. They are read a block later, when they are there.
#define HALF(row, i) \
	MOVWLZX row, CX \
	MOVW CX, (2*i)(AX)

#define HALVES8(i) \
	HALF((SI), i)           \
	HALF((SI)(DX*1), (i+1)) \
	HALF((SI)(DX*2), (i+2)) \
	HALF((SI)(R8*1), (i+3)) \
	HALF((R9), (i+4))           \
	HALF((R9)(DX*1), (i+5)) \
	HALF((R9)(DX*2), (i+6)) \
	HALF((R9)(R8*1), (i+7))

#define FEWACC(t, h) (64*t+32*h)(R9)

// FEWDOT2 adds the products with a token of the weights in Y8 and Y9.
#define FEWDOT2(q, a, b) \
	VPBROADCASTD q, Y10       \
	VPMADDUBSW   Y10, Y8, Y11 \
	VPMADDUBSW   Y10, Y9, Y12 \
	VPADDW       Y11, a, a    \
	VPADDW       Y12, b, b

#define FEWFIRST2(q, a, b) \
	VPBROADCASTD q, Y10     \
	VPMADDUBSW   Y10, Y8, a \
	VPMADDUBSW   Y10, Y9, b

#define FEWWEIGHTS(i) \
	VMOVDQU (64*i)(DI), Y8 \
	VMOVDQU (64*i+32)(DI), Y9

#define FEWONE(D, i) \
	FEWWEIGHTS(i)        \
	D((4*i)(R12), Y0, Y1)

#define FEWTWO(D, i) \
	FEWONE(D, i)                \
	D((4*i)(R12)(R11*1), Y2, Y3)

#define FEWFOUR(D, i) \
	FEWTWO(D, i)                 \
	D((4*i)(R12)(R11*2), Y4, Y5) \
	D((4*i)(R12)(R10*1), Y6, Y7)

#define FEWBLOCK(OP) \
	OP(FEWFIRST2, 0) \
	OP(FEWDOT2, 1)   \
	OP(FEWDOT2, 2)   \
	OP(FEWDOT2, 3)   \
	OP(FEWDOT2, 4)   \
	OP(FEWDOT2, 5)   \
	OP(FEWDOT2, 6)   \
	OP(FEWDOT2, 7)   \
	VMOVUPS 512(DI), Y8 \
	VMOVUPS 544(DI), Y9

#define FEWFINISH1(a, s, d, acc) \
	VPADDW      s, a, a            \
	VPMADDWD    ·ones16(SB), a, a  \
	VMULPS      Y10, d, Y12        \
	VCVTDQ2PS   a, a               \
	VFMADD213PS acc, Y12, a        \
	VMOVUPS     a, acc

// FEWFINISH adds the sums of a token, whose scale and pairs are at d and p.
#define FEWFINISH(t, d, p, a, b) \
	VPBROADCASTD p, Y11                \
	VPMULLW      Y14, Y11, Y11         \
	VBROADCASTSS d, Y10                \
	FEWFINISH1(a, Y11, Y8, FEWACC(t, 0)) \
	FEWFINISH1(b, Y11, Y9, FEWACC(t, 1))

TEXT FEW(SB), NOSPLIT, $128-8
	MOVQ t+0(FP), AX
	VPBROADCASTD tileArgs_offset(AX), Y14
	VPBROADCASTD ·lowNibbles(SB), Y15
	MOVQ tileArgs_panel(AX), DI
	MOVQ tileArgs_wStride(AX), DX
	LEAQ (DX)(DX*2), R8
	MOVQ tileArgs_qStride(AX), R11
	LEAQ (R11)(R11*2), R10
	MOVQ tileArgs_dStride(AX), BX
	LEAQ (BX)(BX*2), R15
	MOVQ tileArgs_w(AX), CX
	MOVQ CX, w-8(SP)
	MOVQ DX, R13
	SHLQ $4, R13
	LEAQ AHEAD(CX)(R13*1), R13
	MOVQ R13, fetch-16(SP)
	MOVQ tileArgs_q(AX), CX
	MOVQ CX, q-24(SP)
	MOVQ tileArgs_d(AX), CX
	MOVQ CX, d-32(SP)
	MOVQ tileArgs_pairs(AX), CX
	MOVQ CX, pairs-40(SP)
	MOVQ tileArgs_nb(AX), CX
	MOVQ CX, blocks-48(SP)
	MOVQ tileArgs_acc(AX), CX
	MOVQ CX, acc-56(SP)
	MOVQ tileArgs_tokens(AX), CX
	MOVQ CX, tokens-64(SP)
	LEAQ halves-128(SP), AX
	MOVQ w-8(SP), SI
	ROWS
	HALVES8(0)
	LEAQ (SI)(DX*8), SI
	ROWS
	HALVES8(8)

block:
	MOVQ fetch-16(SP), R13
	FETCH
	VCVTPH2PS halves-128(SP), Y12
	VCVTPH2PS halves-112(SP), Y13
	VMOVUPS Y12, 512(DI)
	VMOVUPS Y13, 544(DI)
	MOVQ w-8(SP), SI
	ROWS
	UNPACK
	FEWSTORE(0)
	LEAQ (SI)(DX*8), SI
	ROWS
	UNPACK
	FEWSTORE(1)
	MOVQ w-8(SP), SI
	ADDQ $(16*BLOCK), fetch-16(SP)
	CMPQ blocks-48(SP), $1
	JEQ tokens
	ADDQ $BLOCK, SI
	MOVQ SI, w-8(SP)
	LEAQ halves-128(SP), AX
	ROWS
	HALVES8(0)
	LEAQ (SI)(DX*8), SI
	ROWS
	HALVES8(8)

tokens:
	MOVQ q-24(SP), R12
	MOVQ d-32(SP), CX
	MOVQ pairs-40(SP), AX
	MOVQ acc-56(SP), R9
	MOVQ tokens-64(SP), R14
	SUBQ $4, R14
	JLT  tokens2

tokens4:
	FEWBLOCK(FEWFOUR)
	FEWFINISH(0, (CX), (AX), Y0, Y1)
	FEWFINISH(1, (CX)(BX*1), (AX)(BX*1), Y2, Y3)
	FEWFINISH(2, (CX)(BX*2), (AX)(BX*2), Y4, Y5)
	FEWFINISH(3, (CX)(R15*1), (AX)(R15*1), Y6, Y7)
	LEAQ (R12)(R11*4), R12
	LEAQ (CX)(BX*4), CX
	LEAQ (AX)(BX*4), AX
	ADDQ $256, R9
	SUBQ $4, R14
	JGE  tokens4

tokens2:
	TESTQ $2, R14
	JZ    tokens1
	FEWBLOCK(FEWTWO)
	FEWFINISH(0, (CX), (AX), Y0, Y1)
	FEWFINISH(1, (CX)(BX*1), (AX)(BX*1), Y2, Y3)
	LEAQ  (R12)(R11*2), R12
	LEAQ  (CX)(BX*2), CX
	LEAQ  (AX)(BX*2), AX
	ADDQ  $128, R9

tokens1:
	TESTQ $1, R14
	JZ    next
	FEWBLOCK(FEWONE)
	FEWFINISH(0, (CX), (AX), Y0, Y1)

next:
	ADDQ $32, q-24(SP)
	ADDQ $4, d-32(SP)
	ADDQ $4, pairs-40(SP)
	DECQ blocks-48(SP)
	JNZ  block
	VZEROUPPER
	RET

#undef FEW
#undef UNPACK
#undef SCALES
#undef BLOCK
#undef FETCH
