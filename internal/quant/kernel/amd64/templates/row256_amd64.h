// This template multiplies weights in blocks of 256 by the activations of a single token. Weights
// are multiplied as soon as they are unpacked. Only the scales and the minima of a super-block
// are stored, in the same form as in a panel. The results are those of tile256_amd64.h.
//
// Registers
//	SI, R8 - R11, DX  rows (see rows_*.h)
//	DI                the panel, with only the super-block's scales and minima
//	AX, CX, BX        the token's activations, scale and Sums (see kernel.Args)
//	R13               address to prefetch, AHEAD bytes beyond the start of the next rows
//	R12               blocks left
//	V0 - V15          see unpack256_amd64.h

#define STORE16 ROWSTORE16
#define STORE32 ROWSTORE32
#define FETCH FETCHROWS

// ROWPAIR adds the j-th pairs (see unpack256_amd64.h), times the token's Sums, to V7.
#define ROWPAIR(j) \
	VPBROADCASTD (j*4)(BX), V10 \
	ADDPAIRS((PAIRS+j*VBYTES)(DI), V7)

TEXT ROW(SB), NOSPLIT, $176-8
	MOVQ t+0(FP), AX
	CONSTANTS(AX)
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVQ         $2, left-8(SP)
	MOVQ         tileArgs_Acc(AX), CX
	MOVQ         CX, acc-16(SP)
	MOVQ         tileArgs_Panel(AX), DI
	MOVQ         tileArgs_W(AX), SI
	MOVQ         tileArgs_WStride(AX), DX
	LEAQ         (DX)(DX*2), R8
	MOVQ         DX, R13
	IMULQ        $LANES, R13
	LEAQ         AHEAD(SI)(R13*1), R13

rows:
	MOVQ tileArgs_NB(AX), R12
	MOVQ tileArgs_D(AX), CX
	MOVQ tileArgs_Sums(AX), BX
	MOVQ tileArgs_Q(AX), AX

block:
	ROWS
	ROWSUMBASE
	ZEROROWSUMS
	PACKBLOCK
	VXOR V7, V7, V7
	ALLPAIRS(ROWPAIR)
	MOVQ         acc-16(SP), R9
	VBROADCASTSS (CX), V10
	VMOVUPS      (R9), V12
	VMULPS       (PAIRS+8*VBYTES)(DI), V10, V11
#ifdef MINS
	ADDROWSUMS(V9)
	VCVTDQ2PS    V9, V9
	VFMADD231PS  V11, V9, V12
	VMULPS       (PAIRS+9*VBYTES)(DI), V10, V11
	VCVTDQ2PS    V7, V7
	VFNMADD231PS V11, V7, V12
#else
	ADDROWSUMS(V9)
	VPSUBD      V7, V9, V9
	VCVTDQ2PS   V9, V9
	VFMADD231PS V11, V9, V12
#endif
	VMOVUPS V12, (R9)
	ADDQ    $BLOCK, SI
	ADDQ    $(LANES*(BLOCK-16*LOADS)), R13
	ADDQ    $256, AX
	ADDQ    $4, CX
	ADDQ    $32, BX
	DECQ    R12
	JNZ     block

	ADDQ  $VBYTES, acc-16(SP)
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  left-8(SP)
	JNZ   rows
	VZEROUPPER
	RET

#undef ROW
#undef ROWPAIR
#undef STORE16
#undef STORE32
#undef FETCH
