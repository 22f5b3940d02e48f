// This file has the macros that all functions with four streams of rows share.
// A stream is a sequence of neighbouring rows (see quad32_avx512_amd64.h).
//
// Registers
//	R9           the arguments
//	SI           row of stream 0
//	DX, R8       bytes from one stream to the next, three times that
//	R12, CX, AX  the token's activations, scales, and Pairs, DS or Sums (see kernel.Args)
//	DI           results
//	R10          rows of each stream left
//	BX           blocks of a row left
//	R13          bytes from a result of one stream to the result of the next

// QUADSTART sets the registers for the first row of each stream.
#define QUADSTART \
	MOVQ tileArgs_Acc(R9), DI     \
	MOVQ tileArgs_W(R9), SI       \
	MOVQ tileArgs_WStride(R9), DX \
	LEAQ (DX)(DX*2), R8           \
	MOVQ tileArgs_Rows(R9), R10   \
	MOVQ tileArgs_AccStride(R9), R13

// QUADTOKEN sets the registers for the first block of the
// token. The argument sums is the field of tileArgs for AX.
#define QUADTOKEN(sums) \
	MOVQ tileArgs_Q(R9), R12 \
	MOVQ tileArgs_D(R9), CX  \
	MOVQ sums(R9), AX        \
	MOVQ tileArgs_NB(R9), BX

// QUADSTORE stores the results of four rows, which are the dwords of x.
#define QUADSTORE(x) \
	LEAQ       (R13)(R13*2), BX      \
	VMOVSS     x, (DI)               \
	VEXTRACTPS $1, x, (DI)(R13*1)    \
	VEXTRACTPS $2, x, (DI)(R13*2)    \
	VEXTRACTPS $3, x, (DI)(BX*1)

// QUADSCALES sets the dwords of X9 to the scales of four rows times the token's
// scale. The rows' scales are float16 at off. QUADSCALES clobbers X10.
#define QUADSCALES(off) \
	VPXOR        X9, X9, X9                   \
	VPINSRW      $0, off(SI), X9, X9          \
	VPINSRW      $1, off(SI)(DX*1), X9, X9    \
	VPINSRW      $2, off(SI)(DX*2), X9, X9    \
	VPINSRW      $3, off(SI)(R8*1), X9, X9    \
	VCVTPH2PS    X9, X9                       \
	VBROADCASTSS (CX), X10                    \
	VMULPS       X10, X9, X9
