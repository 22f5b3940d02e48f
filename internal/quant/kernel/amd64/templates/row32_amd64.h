// This template multiplies weights in blocks of 32 by
// the activations of a single token, without a panel.
//
// Registers
//	SI, R8 - R11, DX  rows (see rows_*.h)
//	R12, CX, AX, BX   the token's activations, scale, Pairs and DS (see kernel.Args)
//	DI                accumulators
//	R13               address to prefetch, AHEAD bytes beyond the start of the next rows
//	V0 - V7           weights of a block
//	V8 - V11          scratch
//	V12, V13          scales and minima
//	V14               constant of START
//	V15               15 in all bytes
TEXT ROW(SB), NOSPLIT, $16-8
	MOVQ t+0(FP), AX
	CONSTANTS(AX)
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVQ         $2, left-16(SP)
	MOVQ         tileArgs_Acc(AX), DI
	MOVQ         tileArgs_W(AX), SI
	MOVQ         tileArgs_WStride(AX), DX
	LEAQ         (DX)(DX*2), R8
	MOVQ         DX, R13
	IMULQ        $LANES, R13
	LEAQ         AHEAD(SI)(R13*1), R13

rows:
	MOVQ tileArgs_NB(AX), CX
	MOVQ CX, blocks-8(SP)
	MOVQ tileArgs_Q(AX), R12
	MOVQ tileArgs_D(AX), CX
	MOVQ tileArgs_DS(AX), BX
	MOVQ tileArgs_Pairs(AX), AX

block:
	ROWS
	FETCH
	UNPACK
	SCALES(V12, V13)
	START((AX), V8)
	DOT8
	ISUM(V8, (AX))
	VBROADCASTSS (CX), V10
	VMULPS       V10, V12, V11
	VMOVUPS      (DI), V10
	VFMADD231PS  V11, V8, V10
#ifdef MINS
	VBROADCASTSS (BX), V11
	VFMADD231PS  V11, V13, V10
	ADDQ         $4, BX
#endif
	VMOVUPS V10, (DI)
	ADDQ    $BLOCK, SI
	ADDQ    $(LANES*BLOCK), R13
	ADDQ    $32, R12
	ADDQ    $4, CX
	ADDQ    $4, AX
	DECQ    blocks-8(SP)
	JNZ     block

	ADDQ  $VBYTES, DI
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  left-16(SP)
	JNZ   rows
	VZEROUPPER
	RET

#undef ROW
