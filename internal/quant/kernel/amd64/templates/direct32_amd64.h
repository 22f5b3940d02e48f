// This template multiplies weights in blocks of 32 by
// the activations of a few tokens, without a panel.
//
// Registers
//	SI, R8 - R11, DX  rows (see rows_*.h)
//	R12, CX, AX, BX   the current token's activations, scale, Pairs and DS (see kernel.Args)
//	DI                the current token's accumulators
//	R13               address to prefetch, AHEAD bytes beyond the start of the next rows
//	V0 - V7           weights of a block
//	V8 - V11          scratch
//	V12, V13          scales and minima
//	V14               constant of START
//	V15               15 in all bytes
TEXT DIRECT(SB), NOSPLIT, $80-8
	MOVQ t+0(FP), AX
	CONSTANTS(AX)
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVQ         tileArgs_W(AX), SI
	MOVQ         tileArgs_WStride(AX), DX
	LEAQ         (DX)(DX*2), R8
	MOVQ         tileArgs_Acc(AX), DI
	MOVQ         DI, acc-48(SP)
	MOVQ         tileArgs_QStride(AX), CX
	MOVQ         CX, qStride-56(SP)
	MOVQ         tileArgs_DStride(AX), CX
	MOVQ         CX, dStride-64(SP)
	MOVQ         tileArgs_Tokens(AX), CX
	MOVQ         CX, tokens-72(SP)
	MOVQ         $2, half-80(SP)
	MOVQ         DX, R13
	IMULQ        $LANES, R13
	LEAQ         AHEAD(SI)(R13*1), R13

half:
	MOVQ t+0(FP), AX
	MOVQ tileArgs_NB(AX), CX
	MOVQ CX, blocks-8(SP)
	MOVQ tileArgs_Q(AX), R12
	MOVQ R12, q-16(SP)
	MOVQ tileArgs_D(AX), CX
	MOVQ CX, d-24(SP)
	MOVQ tileArgs_Pairs(AX), CX
	MOVQ CX, pairs-32(SP)
	MOVQ tileArgs_DS(AX), CX
	MOVQ CX, ds-40(SP)
	ROWS

block:
	FETCH
	UNPACK
	SCALES(V12, V13)
	MOVQ q-16(SP), R12
	MOVQ d-24(SP), CX
	MOVQ pairs-32(SP), AX
#ifdef MINS
	MOVQ ds-40(SP), BX
#endif
	MOVQ acc-48(SP), DI
	MOVQ tokens-72(SP), R10

token:
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
	ADDQ         dStride-64(SP), BX
#endif
	VMOVUPS V10, (DI)
	ADDQ    $(2*VBYTES), DI
	ADDQ    qStride-56(SP), R12
	ADDQ    dStride-64(SP), CX
	ADDQ    dStride-64(SP), AX
	DECQ    R10
	JNZ     token

	ADDQ $BLOCK, SI
	ROWS
	ADDQ $(LANES*BLOCK), R13
	ADDQ $32, q-16(SP)
	ADDQ $4, d-24(SP)
	ADDQ $4, pairs-32(SP)
#ifdef MINS
	ADDQ $4, ds-40(SP)
#endif
	DECQ blocks-8(SP)
	JNZ  block

	ADDQ  $VBYTES, acc-48(SP)
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  half-80(SP)
	JNZ   half
	VZEROUPPER
	RET
