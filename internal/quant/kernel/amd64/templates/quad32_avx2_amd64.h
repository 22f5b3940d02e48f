// This template multiplies weights in blocks of 32 by the activations of a single token, with
// AVX2. As in quad32_avx512_amd64.h, there are four streams of rows, and a row has an even
// number of blocks. A vector holds 16 weights of each of two rows, one row in each half. Adding
// the sums of four rows and two blocks also transposes them. The lower half of the result has
//
//	block 0 of row 0   block 0 of row 2   block 1 of row 0   block 1 of row 2
//
// and the upper half has the same sums of rows 1 and 3.
//
// Define before each #include
//
//	QUAD           name of the function
//	QUADCONSTANTS  loads the format's constants
//	WEIGHTS(w, v, x, y, tx, t)
//	               sets y to the sums of the products of two rows, at w and v, with the
//	               activations in Y6 and Y7; may use t; x and tx are the lower halves of y and t
//	ADDSUMS        the instruction that adds such sums: VPADDW or VPADDD
//	ISUMS(b)       turns the sums of blocks b and b+1, in Y4, into float32
//	SCALES(b)      sets Y5 to the scales of blocks b and b+1, in the order of their sums; with
//	               MINS, also sets Y8 to the minima
//	BLOCK          bytes of a block
//	QS             offset of the weights in a block
//	FETCH          prefetches for four rows at SI, which are DX bytes apart
//	MINS           only for a format with minima
//	MAGNITUDES     optional: sets Y4 and Y5 for WEIGHTS, once for each block
//
// Registers, besides those of quads_amd64.h
//	Y0 - Y5    scratch
//	Y6, Y7     first and second half of a block's activations
//	Y8, Y9     sums of two blocks
//	Y10        results: of rows 0 and 2 in the lower half, of rows 1 and 3 in the upper half
//	Y11 - Y15  the format's constants
//	R11        the token's DS, if MINS is defined

#ifndef MAGNITUDES
#define MAGNITUDES
#endif

#ifdef MINS
#define ADDMINS VFMADD231PS Y9, Y8, Y10
#define MINSOF(b) \
	VBROADCASTSD ((b)*4)(R11), Y9 \
	VPERMILPS    $0x50, Y9, Y9

#define NEXTMINS \
	VPERMILPS $0xee, Y8, Y8 \
	VPERMILPS $0xee, Y9, Y9

#else
#define ADDMINS
#define MINSOF(b)
#define NEXTMINS
#endif

// BLOCKSUMS sets y to the sums of block b.
#define BLOCKSUMS(b, y) \
	VBROADCASTI128 ((b)*32)(R12), Y6                                            \
	VBROADCASTI128 ((b)*32+16)(R12), Y7                                         \
	MAGNITUDES                                                                  \
	WEIGHTS(((b)*BLOCK+QS)(SI), ((b)*BLOCK+QS)(SI)(DX*1), X0, Y0, X1, Y1)       \
	WEIGHTS(((b)*BLOCK+QS)(SI)(DX*2), ((b)*BLOCK+QS)(SI)(R8*1), X2, Y2, X3, Y3) \
	VPUNPCKLDQ     Y2, Y0, Y4                                                   \
	VPUNPCKHDQ     Y2, Y0, Y5                                                   \
	ADDSUMS        Y5, Y4, y

// TWO adds the products of blocks b and b+1 to Y10.
#define TWO(b) \
	BLOCKSUMS(b, Y8)             \
	BLOCKSUMS(b+1, Y9)           \
	VPUNPCKLQDQ  Y9, Y8, Y4      \
	VPUNPCKHQDQ  Y9, Y8, Y5      \
	ADDSUMS      Y5, Y4, Y4      \
	ISUMS(b)                     \
	SCALES(b)                    \
	MINSOF(b)                    \
	VBROADCASTSD ((b)*4)(CX), Y6 \
	VPERMILPS    $0x50, Y6, Y6   \
	VMULPS       Y6, Y5, Y5      \
	VFMADD231PS  Y5, Y4, Y10     \
	ADDMINS                      \
	VPERMILPS    $0xee, Y4, Y4   \
	VPERMILPS    $0xee, Y5, Y5   \
	NEXTMINS                     \
	VFMADD231PS  Y5, Y4, Y10     \
	ADDMINS

TEXT QUAD(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R9
	QUADCONSTANTS
	QUADSTART

rows:
	QUADTOKEN(tileArgs_Pairs)

#ifdef MINS
	MOVQ tileArgs_DS(R9), R11

#endif
	VXORPS Y10, Y10, Y10
	SUBQ   $4, BX
	JLT    last

blocks:
	FETCH
	TWO(0)
	TWO(2)
	ADDQ $(4*BLOCK), SI
	ADDQ $128, R12
	ADDQ $16, CX
	ADDQ $16, AX

#ifdef MINS
	ADDQ $16, R11

#endif
	SUBQ $4, BX
	JGE  blocks

last:
	CMPQ BX, $-2
	JNE  stored
	TWO(0)
	ADDQ $(2*BLOCK), SI

stored:
	// SI points to the next row of stream 0.
	LEAQ         (R13)(R13*2), BX
	VEXTRACTF128 $1, Y10, X0
	VMOVSS       X10, (DI)
	VMOVSS       X0, (DI)(R13*1)
	VEXTRACTPS   $1, X10, (DI)(R13*2)
	VEXTRACTPS   $1, X0, (DI)(BX*1)
	ADDQ         $4, DI
	DECQ         R10
	JNZ          rows
	VZEROUPPER
	RET

#undef QUAD
#undef QUADCONSTANTS
#undef WEIGHTS
#undef BLOCK
#undef QS
#undef FETCH
#undef SCALES
#undef MAGNITUDES
#undef ADDMINS
#undef MINSOF
#undef NEXTMINS
#undef BLOCKSUMS
#undef TWO
