// This template multiplies weights in blocks of 32 by the activations of any number
// of tokens, with AVX2. It reads the file's blocks only once. It packs a block of
// each of 16 rows into the first-level cache, and multiplies the packed block
// immediately: by four tokens at a time, then by two and by one. If there are several
// tokens, the next block is packed step by step, between the products with the first
// tokens. So packing and multiplying do not wait for each other's loads and stores.
//
// Define before each #include
//
//	FEW                   name of the function
//	FEWCONSTANTS(t)       sets Y14 and Y15
//	PACK0 to PACK5        steps of packing: read rows at SI and R13, write to R14, clobber Y8 to Y13
//	BLOCK                 bytes of a block
//	FETCH                 prefetches 16 blocks at R13
//	FEWSCALES             converts a packed block's scales (and minima) to float32
//	FEWWEIGHTS(i)         loads weights 4i to 4i+3 of rows 0 to 7 to Y8, and of rows 8 to 15 to Y9
//	FEWDOT(q, a, b)       adds the products of Y8 and Y9 with the activations at q to a and b
//	FEWFIRST(q, a, b)     does the same, but sets a and b
//	FEWPAIRS              tileArgs_Pairs, for FEWISUMS; if MINS is defined, tileArgs_DS, for the minima
//	FEWISUMS(pairs, a, b) converts the sums a and b to int32
//	MINS                  only for a format with minima
//
// A packed block begins with its weights, in vectors of 32 bytes. Each vector has
// four weights of each of eight rows. Vectors of rows 0 to 7 and of rows 8 to 15
// take turns. The scales (and minima) follow at byte 512, as they are in the file.
// At byte 576 are the scales in float32, and at byte 640 the minima in float32.
//
// Registers
//	SI, R13      rows 0 and 4 while packing
//	DX, R8       bytes from one row to the next, three times that
//	BP           scratch
//	R14          where the next block is packed to; then tokens left
//	DI           the packed block that is multiplied
//	R12, CX, AX  the current token's activations, scale, and Pairs or DS (see kernel.Args)
//	R11, R10     bytes from one token's activations to the next token's, three times that
//	BX, R15      bytes from one token's scales to the next token's, three times that
//	R9           accumulators
//	Y0 - Y7      sums of tokens 0 to 3, two vectors each: rows 0 to 7, rows 8 to 15
//	Y8 - Y13     scratch
//	Y14, Y15     constants

#define FEWACC(t, h) (64*t+32*h)(R9)

#define FEWONE(D, i) \
	FEWWEIGHTS(i)       \
	D((4*i)(R12), Y0, Y1)

#define FEWTWO(D, i) \
	FEWONE(D, i)                \
	D((4*i)(R12)(R11*1), Y2, Y3)

#define FEWFOUR(D, i) \
	FEWTWO(D, i)                 \
	D((4*i)(R12)(R11*2), Y4, Y5) \
	D((4*i)(R12)(R10*1), Y6, Y7)

#define FEWALONE(OP) \
	OP(FEWFIRST, 0)     \
	OP(FEWDOT, 1)       \
	OP(FEWDOT, 2)       \
	OP(FEWDOT, 3)       \
	OP(FEWDOT, 4)       \
	OP(FEWDOT, 5)       \
	OP(FEWDOT, 6)       \
	OP(FEWDOT, 7)       \
	VMOVUPS 576(DI), Y8 \
	VMOVUPS 608(DI), Y9

#define FEWPACKING(OP) \
	OP(FEWFIRST, 0)     \
	PACK0               \
	OP(FEWDOT, 1)       \
	PACK1               \
	OP(FEWDOT, 2)       \
	PACK2               \
	OP(FEWDOT, 3)       \
	PACK3               \
	OP(FEWDOT, 4)       \
	PACK4               \
	OP(FEWDOT, 5)       \
	PACK5               \
	OP(FEWDOT, 6)       \
	OP(FEWDOT, 7)       \
	VMOVUPS 576(DI), Y8 \
	VMOVUPS 608(DI), Y9

// FEWADD adds the sums a, times the weights' scales d and the token's scale in
// Y10, to acc. FEWADDMIN also adds the minima m, times the token's DS in Y11.
#define FEWADD(a, d, acc) \
	VMULPS      Y10, d, Y12 \
	VCVTDQ2PS   a, a        \
	VFMADD213PS acc, Y12, a \
	VMOVUPS     a, acc

#define FEWADDMIN(a, d, m, acc) \
	VMULPS      Y10, d, Y12 \
	VCVTDQ2PS   a, a        \
	VFMADD213PS acc, Y12, a \
	VFMADD231PS m, Y11, a   \
	VMOVUPS     a, acc

// FEWFINISH adds the sums of a token to its accumulators. The
// token's scale is at d. Its Pairs, or with MINS its DS, are at p.
#ifdef MINS
#define FEWFINISH(t, d, p, a, b) \
	FEWISUMS(p, a, b)                       \
	VBROADCASTSS d, Y10                     \
	VBROADCASTSS p, Y11                     \
	FEWADDMIN(a, Y8, 640(DI), FEWACC(t, 0)) \
	FEWADDMIN(b, Y9, 672(DI), FEWACC(t, 1))
#else
#define FEWFINISH(t, d, p, a, b) \
	FEWISUMS(p, a, b)           \
	VBROADCASTSS d, Y10         \
	FEWADD(a, Y8, FEWACC(t, 0)) \
	FEWADD(b, Y9, FEWACC(t, 1))
#endif

#define FEWFINISH2 \
	FEWFINISH(0, (CX), (AX), Y0, Y1) \
	FEWFINISH(1, (CX)(BX*1), (AX)(BX*1), Y2, Y3)

#define FEWFINISH4 \
	FEWFINISH2                                   \
	FEWFINISH(2, (CX)(BX*2), (AX)(BX*2), Y4, Y5) \
	FEWFINISH(3, (CX)(R15*1), (AX)(R15*1), Y6, Y7)

#define FEWNEXT(n) \
	LEAQ (R12)(R11*n), R12 \
	LEAQ (CX)(BX*n), CX    \
	LEAQ (AX)(BX*n), AX    \
	ADDQ $(64*n), R9

TEXT FEW(SB), NOSPLIT, $72-8
	MOVQ t+0(FP), AX
	FEWCONSTANTS(AX)
	MOVQ tileArgs_Panel(AX), DI
	LEAQ FEWBYTES(DI), R14
	MOVQ R14, other-72(SP)
	MOVQ tileArgs_WStride(AX), DX
	LEAQ (DX)(DX*2), R8
	MOVQ tileArgs_QStride(AX), R11
	LEAQ (R11)(R11*2), R10
	MOVQ tileArgs_DStride(AX), BX
	LEAQ (BX)(BX*2), R15
	MOVQ tileArgs_W(AX), SI
	MOVQ SI, w-8(SP)
	MOVQ DX, CX
	SHLQ $4, CX
	LEAQ AHEAD(SI)(CX*1), CX
	MOVQ CX, fetch-16(SP)
	MOVQ tileArgs_Q(AX), CX
	MOVQ CX, q-24(SP)
	MOVQ tileArgs_D(AX), CX
	MOVQ CX, d-32(SP)
	MOVQ FEWPAIRS(AX), CX
	MOVQ CX, pairs-40(SP)
	MOVQ tileArgs_NB(AX), CX
	MOVQ CX, blocks-48(SP)
	MOVQ tileArgs_Acc(AX), CX
	MOVQ CX, acc-56(SP)
	MOVQ tileArgs_Tokens(AX), CX
	MOVQ CX, tokens-64(SP)
	MOVQ DI, R14
	LEAQ (SI)(DX*4), R13
	PACK0
	PACK1
	PACK2
	PACK3
	PACK4
	PACK5

block:
	FEWSCALES
	MOVQ q-24(SP), R12
	MOVQ d-32(SP), CX
	MOVQ pairs-40(SP), AX
	MOVQ acc-56(SP), R9
	CMPQ blocks-48(SP), $1
	JEQ  last

	MOVQ fetch-16(SP), R13
	FETCH
	ADDQ $(16*BLOCK), fetch-16(SP)
	MOVQ w-8(SP), SI
	ADDQ $BLOCK, SI
	MOVQ SI, w-8(SP)
	LEAQ (SI)(DX*4), R13
	MOVQ other-72(SP), R14
	CMPQ tokens-64(SP), $4
	JLT  pack2
	FEWPACKING(FEWFOUR)
	FEWFINISH4
	FEWNEXT(4)
	MOVQ tokens-64(SP), R14
	SUBQ $8, R14
	JGE  tokens4
	JMP  tokens2

pack2:
	CMPQ tokens-64(SP), $2
	JLT  pack1
	FEWPACKING(FEWTWO)
	FEWFINISH2
	FEWNEXT(2)
	MOVQ tokens-64(SP), R14
	SUBQ $2, R14
	JMP  tokens1

pack1:
	PACK0
	PACK1
	PACK2
	PACK3
	PACK4
	PACK5

last:
	MOVQ tokens-64(SP), R14
	SUBQ $4, R14
	JLT  tokens2

tokens4:
	FEWALONE(FEWFOUR)
	FEWFINISH4
	FEWNEXT(4)
	SUBQ $4, R14
	JGE  tokens4

tokens2:
	TESTQ $2, R14
	JZ    tokens1
	FEWALONE(FEWTWO)
	FEWFINISH2
	FEWNEXT(2)

tokens1:
	TESTQ $1, R14
	JZ    next
	FEWALONE(FEWONE)
	FEWFINISH(0, (CX), (AX), Y0, Y1)

next:
	MOVQ DI, SI
	MOVQ other-72(SP), DI
	MOVQ SI, other-72(SP)
	ADDQ $32, q-24(SP)
	ADDQ $4, d-32(SP)
	ADDQ $4, pairs-40(SP)
	DECQ blocks-48(SP)
	JNZ  block
	VZEROUPPER
	RET

#undef FEW
#undef BLOCK
#undef FETCH
#undef FEWCONSTANTS
#undef FEWWEIGHTS
#undef FEWDOT
#undef FEWFIRST
#undef FEWISUMS
#undef FEWPAIRS
#undef FEWSCALES
#undef PACK0
#undef PACK1
#undef PACK2
#undef PACK3
#undef PACK4
#undef PACK5
#undef FEWACC
#undef FEWONE
#undef FEWTWO
#undef FEWFOUR
#undef FEWALONE
#undef FEWPACKING
#undef FEWADD
#undef FEWADDMIN
#undef FEWFINISH
#undef FEWFINISH2
#undef FEWFINISH4
#undef FEWNEXT
