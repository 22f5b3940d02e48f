// A 32-wide format's product with a single token for AVX2, by four streams of rows as in
// quad32_avx512_amd64.h. A vector holds 16 weights of a block of two rows, a row in each
// half. Adding the sums of four rows and two blocks transposes them: the lower half then has
//
//	block 0 of row 0   block 0 of row 2   block 1 of row 0   block 1 of row 2
//
// and the upper half the same of rows 1 and 3.
//
// To be defined: QUAD (the function's name), QUADCONSTANTS, WEIGHTS (see below), ADDSUMS
// (adds sums), ISUMS(b) (converts the sums of blocks b and b+1, in Y4, to float32), BLOCK
// (bytes of a block), FETCH (prefetches for four rows at SI, DX bytes apart).
//
// WEIGHTS(w, v, x, y, tx, t) multiplies two rows, at w and v, with the activations in Y6
// and Y7 and sets y to the sums. It may clobber t; x and tx are the lower halves of y and t.
//
// Registers, besides those of quads_amd64.h
//	Y0 - Y5        scratch; Y6, Y7 first and second half of a block's activations
//	Y8, Y9         sums of two blocks; Y10 results of rows 0 and 2, 1 and 3
//	Y11 - Y15      the format's constants

// BLOCKSUMS sets y to the sums of block b.
#define BLOCKSUMS(b, y) \
	VBROADCASTI128 ((b)*32)(R12), Y6                                           \
	VBROADCASTI128 ((b)*32+16)(R12), Y7                                        \
	WEIGHTS(((b)*BLOCK+2)(SI), ((b)*BLOCK+2)(SI)(DX*1), X0, Y0, X1, Y1)        \
	WEIGHTS(((b)*BLOCK+2)(SI)(DX*2), ((b)*BLOCK+2)(SI)(R8*1), X2, Y2, X3, Y3)  \
	VPUNPCKLDQ Y2, Y0, Y4                                                      \
	VPUNPCKHDQ Y2, Y0, Y5                                                      \
	ADDSUMS    Y5, Y4, y

// TWO adds block b and the next.
#define TWO(b) \
	BLOCKSUMS(b, Y8)                              \
	BLOCKSUMS(b+1, Y9)                            \
	VPUNPCKLQDQ  Y9, Y8, Y4                       \
	VPUNPCKHQDQ  Y9, Y8, Y5                       \
	ADDSUMS      Y5, Y4, Y4                       \
	ISUMS(b)                                      \
	VPXOR        X5, X5, X5                       \
	VPINSRW      $0, ((b)*BLOCK)(SI), X5, X5          \
	VPINSRW      $1, ((b)*BLOCK)(SI)(DX*2), X5, X5    \
	VPINSRW      $2, ((b+1)*BLOCK)(SI), X5, X5        \
	VPINSRW      $3, ((b+1)*BLOCK)(SI)(DX*2), X5, X5  \
	VPINSRW      $4, ((b)*BLOCK)(SI)(DX*1), X5, X5    \
	VPINSRW      $5, ((b)*BLOCK)(SI)(R8*1), X5, X5    \
	VPINSRW      $6, ((b+1)*BLOCK)(SI)(DX*1), X5, X5  \
	VPINSRW      $7, ((b+1)*BLOCK)(SI)(R8*1), X5, X5  \
	VCVTPH2PS    X5, Y5                           \
	VBROADCASTSD ((b)*4)(CX), Y6                  \
	VPERMILPS    $0x50, Y6, Y6                    \
	VMULPS       Y6, Y5, Y5                       \
	VFMADD231PS  Y5, Y4, Y10                      \
	VPERMILPS    $0xee, Y4, Y4                    \
	VPERMILPS    $0xee, Y5, Y5                    \
	VFMADD231PS  Y5, Y4, Y10

TEXT QUAD(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R9
	QUADCONSTANTS
	QUADSTART

rows:
	QUADTOKEN(tileArgs_Pairs)
	VXORPS Y10, Y10, Y10

blocks:
	FETCH
	TWO(0)
	TWO(2)
	ADDQ $(4*BLOCK), SI
	ADDQ $128, R12
	ADDQ $16, CX
	ADDQ $16, AX
	SUBQ $4, BX
	JNZ  blocks

	// SI is at the next row of each stream.
	LEAQ         (R13)(R13*2), BX
	VEXTRACTF128 $1, Y10, X11
	VMOVSS       X10, (DI)
	VMOVSS       X11, (DI)(R13*1)
	VEXTRACTPS   $1, X10, (DI)(R13*2)
	VEXTRACTPS   $1, X11, (DI)(BX*1)
	ADDQ         $4, DI
	DECQ         R10
	JNZ          rows
	VZEROUPPER
	RET

#undef QUAD
#undef QUADCONSTANTS
#undef WEIGHTS
#undef BLOCK
#undef FETCH
#undef BLOCKSUMS
#undef TWO
