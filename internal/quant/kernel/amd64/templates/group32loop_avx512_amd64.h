// This template makes FEW, one of the four functions of group32_avx512_amd64.h.
//
// The tokens are two groups of FEWHALF tokens: the first ones and the last ones. With fewer than
// 2*FEWHALF tokens, some tokens are in both groups. FEW computes the results of such tokens twice,
// and stores them twice.
//
// Registers
//	SI, R8 - R11, DX  rows while unpacking (see rows_avx512_amd64.h)
//	AX, BX            first token of each group: its accumulators, start, activations, scale or DS
//	CX, R12           once and three times the bytes from token to token
//	DI, BP            scratch
//	R13               what to prefetch, AHEAD of the next rows
//	R14               where scales are copied to
//	R15               blocks left
//	Z0 - Z7           weights of a block
//	Z8 - Z11          scratch
//	Z12, Z13          scales and minima
//	Z14               -offset, as int16
//	Z15               15 in all bytes
//	Z16 - Z23         sums of a block: one for each token
//	Z24 - Z31         accumulators: one for each token
//
// The panel has the scales of two blocks and then, at byte FEWHEAD, the starts of all tokens.
#define FEWHEAD 256

TEXT FEW(SB), NOSPLIT, $88-8
	MOVQ t+0(FP), AX
	VPBROADCASTD ·lowNibbles(SB), Z15
	VPBROADCASTD tileArgs_Offset(AX), Z14
	MOVQ tileArgs_W(AX), SI
	MOVQ tileArgs_WStride(AX), DX
	LEAQ (DX)(DX*2), R8
	MOVQ DX, R13
	SHLQ $4, R13
	LEAQ AHEAD(SI)(R13*1), R13
	MOVQ tileArgs_Acc(AX), CX
	MOVQ CX, acc-8(SP)
	MOVQ tileArgs_Tokens(AX), CX
	SUBQ $FEWHALF, CX
	MOVQ CX, last-24(SP)
	MOVQ tileArgs_DStride(AX), CX
	MOVQ CX, dStride-32(SP)
	MOVQ tileArgs_QStride(AX), CX
	MOVQ CX, qStride-40(SP)
	MOVQ tileArgs_Panel(AX), R14
	MOVQ $2, left-88(SP)
	LEAQ 128(R14), CX
	MOVQ CX, other-72(SP)

	// Compute the starts: -offset times the sum of each block of each token.
	MOVQ  tileArgs_Tokens(AX), CX
	IMULQ dStride-32(SP), CX
	SHRQ  $2, CX
	LEAQ  FEWHEAD(R14), DI
	MOVQ  tileArgs_Pairs(AX), R9

start:
	CMPQ      CX, $16
	JLT       starts
	VPMADDWD  (R9), Z14, Z8
	VMOVDQU64 Z8, (DI)
	ADDQ      $64, R9
	ADDQ      $64, DI
	SUBQ      $16, CX
	JMP       start

starts:
	MOVL        $1, R10
	SHLL        CX, R10
	DECL        R10
	KMOVW       R10, K1
	VMOVDQU32.Z (R9), K1, Z8
	VPMADDWD    Z8, Z14, Z8
	VMOVDQU32   Z8, K1, (DI)

rows:
	MOVQ t+0(FP), AX
	MOVQ tileArgs_NB(AX), R15
	MOVQ tileArgs_Q(AX), CX
	MOVQ CX, q-48(SP)
	MOVQ tileArgs_D(AX), CX
	MOVQ CX, d-56(SP)
	MOVQ tileArgs_DS(AX), CX
	MOVQ CX, ds-80(SP)
	MOVQ tileArgs_Panel(AX), CX
	ADDQ $FEWHEAD, CX
	MOVQ CX, start-64(SP)

	ROWS
	FEWCOPY16(0)

	FEWPOINT(acc-8(SP), $(2*VBYTES))
	FEWTOKENS(FEWLOAD)

block:
	FETCH
	ADDQ $(16*BLOCK), R13
	ROWS
	UNPACK
	FEWSCALES(0, Z12, Z13)
	MOVQ other-72(SP), CX
	MOVQ R14, other-72(SP)
	MOVQ CX, R14
	ADDQ $BLOCK, SI
	CMPQ R15, $1
	JEQ  dots
	ROWS
	FEWCOPY16(0)

dots:
	FEWPOINT(start-64(SP), dStride-32(SP))
	FEWTOKENS(FEWSTART)
	FEWPOINT(q-48(SP), qStride-40(SP))
	FEWSTEP(0, Z0)
	FEWSTEP(4, Z1)
	FEWSTEP(8, Z2)
	FEWSTEP(12, Z3)
	FEWSTEP(16, Z4)
	FEWSTEP(20, Z5)
	FEWSTEP(24, Z6)
	FEWSTEP(28, Z7)
	FEWPOINT(d-56(SP), dStride-32(SP))
	FEWTOKENS(FEWFINISH)
#ifdef MINS
	FEWPOINT(ds-80(SP), dStride-32(SP))
	FEWTOKENS(FEWADDMIN)
	ADDQ $4, ds-80(SP)
#endif
	ADDQ $32, q-48(SP)
	ADDQ $4, d-56(SP)
	ADDQ $4, start-64(SP)
	DECQ R15
	JNZ  block

	FEWPOINT(acc-8(SP), $(2*VBYTES))
	FEWTOKENS(FEWSAVE)
	ADDQ  $VBYTES, acc-8(SP)
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  left-88(SP)
	JNZ   rows
	VZEROUPPER
	RET

#undef FEW
#undef FEWHEAD
#undef FEWHALF
#undef FEWTOKENS
#undef FEWSTEP
#undef FEWPAIRS
