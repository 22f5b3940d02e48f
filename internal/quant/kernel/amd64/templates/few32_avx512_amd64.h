// This template multiplies weights in blocks of 32 by the activations of any number of
// tokens, with AVX-512 VNNI. It reads the file's blocks only once. It unpacks a block of
// each of 32 rows into registers, and multiplies the block by four tokens at a time, then
// by two and by one. Two vectors of rows share each broadcast of activations.
//
// The vector units are the bottleneck, so they get as little work as possible. A sum starts
// at -offset times the sum of a block's activations. These starts are computed once in a
// call. Scales are copied through the general register BP. They are copied one block ahead,
// because memory that was just written in pieces cannot be read immediately as a vector.
//
// Define before each #include
//
//	FEW                 name of the function
//	UNPACK              see unpack32_amd64.h
//	BLOCK               bytes of a block
//	FETCH               prefetches 32 blocks at R13
//	FEWCOPY(row, i)     copies the scale (and the minimum) of row i to R14
//	FEWSCALES(h, d, m)  converts the scales at R14 to d, and the minima to m, for 16 rows from
//	                    row 16h on
//	MINS                only for a format with minima
//
// Registers
//	SI, R8 - R11, DX  rows while unpacking (see rows_avx512_amd64.h)
//	BP                scratch
//	R14               where scales are copied to; then DS of the current token
//	R13               address to prefetch; then tokens left
//	R12, CX, AX       the current token's activations, scale and start
//	R9, R10           bytes from one token's activations to the next token's, three times that
//	BX, R15           bytes from one token's scales to the next token's, three times that
//	DI                accumulators
//	Z0 - Z7           weights of rows 0 to 15
//	Z16 - Z23         weights of rows 16 to 31
//	Z24 - Z31         sums of tokens 0 to 3, two vectors each: rows 0 to 15, rows 16 to 31
//	Z12, Z13          scales
//	Z9, Z10           minima
//	Z14               -offset, as int16; with MINS, later DS of the current token
//	Z8, Z11           scratch
//	Z15               15 in all bytes

// The scratch memory has the scales of two blocks and
// then, at byte FEWHEAD, the starts of all tokens.
#define FEWHEAD 256

#define FEWDOT(q, i, j, a, b) \
	VPBROADCASTD q, Z8     \
	VPDPBUSD     Z8, i, a  \
	VPDPBUSD     Z8, j, b

#define FEWONE(k, i, j) \
	FEWDOT((4*k)(R12), i, j, Z24, Z25)

#define FEWTWO(k, i, j) \
	FEWONE(k, i, j) \
	FEWDOT((4*k)(R12)(R9*1), i, j, Z26, Z27)

#define FEWFOUR(k, i, j) \
	FEWTWO(k, i, j) \
	FEWDOT((4*k)(R12)(R9*2), i, j, Z28, Z29) \
	FEWDOT((4*k)(R12)(R10*1), i, j, Z30, Z31)

#define FEWALL(OP) \
	OP(0, Z0, Z16) \
	OP(1, Z1, Z17) \
	OP(2, Z2, Z18) \
	OP(3, Z3, Z19) \
	OP(4, Z4, Z20) \
	OP(5, Z5, Z21) \
	OP(6, Z6, Z22) \
	OP(7, Z7, Z23)

#define FEWSTART(at, a, b) \
	VPBROADCASTD at, a \
	VMOVDQA64    a, b

#define FEWACC(t, h) (128*t+64*h)(DI)

// FEWFINISH adds the sums of a token to its accumulators.
// The token's scale is at d, and its DS is at s.
#ifdef MINS
#define FEWADDMIN(m, a) VFMADD231PS m, Z14, a
#define FEWLOADMIN(s) VBROADCASTSS s, Z14
#else
#define FEWADDMIN(m, a)
#define FEWLOADMIN(s)
#endif

#define FEWFINISH(t, d, s, a, b) \
	VBROADCASTSS d, Z8                \
	FEWLOADMIN(s)                     \
	VCVTDQ2PS    a, a                 \
	VCVTDQ2PS    b, b                 \
	VMULPS       Z8, Z12, Z11          \
	VFMADD213PS  FEWACC(t, 0), Z11, a \
	FEWADDMIN(Z9, a)                 \
	VMOVUPS      a, FEWACC(t, 0)      \
	VMULPS       Z8, Z13, Z11         \
	VFMADD213PS  FEWACC(t, 1), Z11, b \
	FEWADDMIN(Z10, b)                 \
	VMOVUPS      b, FEWACC(t, 1)

#define FEWFINISH2 \
	FEWFINISH(0, (CX), (R14), Z24, Z25) \
	FEWFINISH(1, (CX)(BX*1), (R14)(BX*1), Z26, Z27)

#define FEWNEXT(n) \
	LEAQ (R12)(R9*n), R12 \
	LEAQ (CX)(BX*n), CX   \
	LEAQ (AX)(BX*n), AX   \
	LEAQ (R14)(BX*n), R14 \
	ADDQ $(128*n), DI

TEXT FEW(SB), NOSPLIT, $96-8
	MOVQ t+0(FP), AX
	VPBROADCASTD ·lowNibbles(SB), Z15
	VPBROADCASTD tileArgs_Offset(AX), Z14
	MOVQ tileArgs_W(AX), SI
	MOVQ tileArgs_WStride(AX), DX
	LEAQ (DX)(DX*2), R8
	MOVQ DX, CX
	SHLQ $4, CX
	MOVQ CX, rows16-8(SP)
	LEAQ (SI)(CX*2), R13
	ADDQ $AHEAD, R13
	MOVQ R13, fetch-16(SP)
	MOVQ tileArgs_Q(AX), CX
	MOVQ CX, q-24(SP)
	MOVQ tileArgs_D(AX), CX
	MOVQ CX, d-32(SP)
	MOVQ tileArgs_DS(AX), CX
	MOVQ CX, ds-40(SP)
	MOVQ tileArgs_Acc(AX), CX
	MOVQ CX, acc-48(SP)
	MOVQ tileArgs_NB(AX), CX
	MOVQ CX, blocks-56(SP)
	MOVQ tileArgs_Panel(AX), R14
	MOVQ R14, scales-64(SP)
	LEAQ 128(R14), CX
	MOVQ CX, other-72(SP)
	LEAQ FEWHEAD(R14), DI
	MOVQ DI, start-80(SP)
	MOVQ tileArgs_QStride(AX), CX
	MOVQ CX, qStride-88(SP)
	MOVQ tileArgs_DStride(AX), BX
	LEAQ (BX)(BX*2), R15

	// Compute the starts: -offset times the sum of each block of each token.
	MOVQ  tileArgs_Tokens(AX), CX
	MOVQ  CX, tokens-96(SP)
	IMULQ BX, CX
	SHRQ  $2, CX
	MOVQ  tileArgs_Pairs(AX), AX

start:
	CMPQ      CX, $16
	JLT       starts
	VPMADDWD  (AX), Z14, Z8
	VMOVDQU64 Z8, (DI)
	ADDQ      $64, AX
	ADDQ      $64, DI
	SUBQ      $16, CX
	JMP       start

starts:
	MOVL        $1, R9
	SHLL        CX, R9
	DECL        R9
	KMOVW       R9, K1
	VMOVDQU32.Z (AX), K1, Z8
	VPMADDWD    Z8, Z14, Z8
	VMOVDQU32   Z8, K1, (DI)

	// Copy the scales of the first block.
	ROWS
	FEWCOPY16(0)
	MOVQ SI, AX
	ADDQ rows16-8(SP), SI
	ROWS
	FEWCOPY16(16)
	MOVQ AX, SI

block:
	MOVQ fetch-16(SP), R13
	FETCH
	ADDQ $(32*BLOCK), fetch-16(SP)

	MOVQ SI, AX
	ADDQ rows16-8(SP), SI
	ROWS
	UNPACK
	VMOVDQA64 Z0, Z16
	VMOVDQA64 Z1, Z17
	VMOVDQA64 Z2, Z18
	VMOVDQA64 Z3, Z19
	VMOVDQA64 Z4, Z20
	VMOVDQA64 Z5, Z21
	VMOVDQA64 Z6, Z22
	VMOVDQA64 Z7, Z23
	MOVQ other-72(SP), R14
	CMPQ blocks-56(SP), $1
	JEQ  last
	ADDQ $BLOCK, SI
	ROWS
	FEWCOPY16(16)
	LEAQ BLOCK(AX), SI
	ROWS
	FEWCOPY16(0)

last:
	MOVQ AX, SI
	ROWS
	UNPACK
	MOVQ scales-64(SP), AX
	MOVQ R14, scales-64(SP)
	MOVQ AX, other-72(SP)
	MOVQ AX, R14
	FEWSCALES(0, Z12, Z9)
	FEWSCALES(1, Z13, Z10)
	ADDQ $BLOCK, SI

	MOVQ q-24(SP), R12
	MOVQ d-32(SP), CX
	MOVQ start-80(SP), AX
	MOVQ ds-40(SP), R14
	MOVQ acc-48(SP), DI
	MOVQ qStride-88(SP), R9
	LEAQ (R9)(R9*2), R10
	MOVQ tokens-96(SP), R13
	SUBQ $4, R13
	JLT  tokens2

tokens4:
	FEWSTART((AX), Z24, Z25)
	FEWSTART((AX)(BX*1), Z26, Z27)
	FEWSTART((AX)(BX*2), Z28, Z29)
	FEWSTART((AX)(R15*1), Z30, Z31)
	FEWALL(FEWFOUR)
	FEWFINISH2
	FEWFINISH(2, (CX)(BX*2), (R14)(BX*2), Z28, Z29)
	FEWFINISH(3, (CX)(R15*1), (R14)(R15*1), Z30, Z31)
	FEWNEXT(4)
	SUBQ $4, R13
	JGE  tokens4

tokens2:
	TESTQ $2, R13
	JZ    tokens1
	FEWSTART((AX), Z24, Z25)
	FEWSTART((AX)(BX*1), Z26, Z27)
	FEWALL(FEWTWO)
	FEWFINISH2
	FEWNEXT(2)

tokens1:
	TESTQ $1, R13
	JZ    next
	FEWSTART((AX), Z24, Z25)
	FEWALL(FEWONE)
	FEWFINISH(0, (CX), (R14), Z24, Z25)

next:
	ADDQ $32, q-24(SP)
	ADDQ $4, d-32(SP)
	ADDQ $4, start-80(SP)
	ADDQ $4, ds-40(SP)
	DECQ blocks-56(SP)
	JNZ  block
	VZEROUPPER
	RET

#undef FEW
#undef UNPACK
#undef BLOCK
#undef FETCH
#undef FEWCOPY
#undef FEWSCALES
#undef FEWHEAD
#undef FEWDOT
#undef FEWONE
#undef FEWTWO
#undef FEWFOUR
#undef FEWALL
#undef FEWSTART
#undef FEWACC
#undef FEWADDMIN
#undef FEWLOADMIN
#undef FEWFINISH
#undef FEWFINISH2
#undef FEWNEXT
