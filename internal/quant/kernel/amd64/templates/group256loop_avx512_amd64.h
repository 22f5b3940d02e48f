// This template makes FEW, one of the four functions of group256_avx512_amd64.h.
//
// There are two groups of tokens: the first FEWHALF tokens, and the last FEWHALF tokens. With
// 2*FEWHALF-1 tokens, one token is in both groups. FEW computes the sums of this token twice, and
// stores the same results twice.
//
// Registers
//	SI, R8 - R11, DX  rows (see rows_*.h)
//	DI                the super-block's scales, pairs, D and DMin
//	AX, BX            activations, Sums, scale or accumulators of each group's first token
//	CX, R12           bytes from one token's to the next token's, three times that
//	R13               address to prefetch, AHEAD bytes beyond the start of the next rows
//	Z0 - Z15          while unpacking, see unpack256_amd64.h
//	Z0 - Z7           after unpacking, accumulators of the tokens
//	Z8, Z9            after unpacking, D and DMin
//	Z10               after unpacking, scratch
//	Z16 - Z23         sum of each token: products of 16 weights; after unpacking, sums of pairs
//	Z24 - Z31         isum of each token

TEXT FEW(SB), NOSPLIT, $80-8
	MOVQ         t+0(FP), AX
	VPBROADCASTD ·lowNibbles(SB), Z15
	MOVQ         $2, left-8(SP)
	MOVQ         tileArgs_Acc(AX), CX
	MOVQ         CX, acc-16(SP)
	MOVQ         tileArgs_Tokens(AX), CX
	SUBQ         $FEWHALF, CX
	MOVQ         CX, last-24(SP)
	MOVQ         tileArgs_Panel(AX), DI
	MOVQ         tileArgs_W(AX), SI
	MOVQ         tileArgs_WStride(AX), DX
	LEAQ         (DX)(DX*2), R8
	MOVQ         DX, R13
	IMULQ        $LANES, R13
	LEAQ         AHEAD(SI)(R13*1), R13

rows:
	MOVQ tileArgs_NB(AX), CX
	MOVQ CX, blocks-32(SP)
	MOVQ tileArgs_Q(AX), CX
	MOVQ CX, q-40(SP)
	MOVQ tileArgs_D(AX), CX
	MOVQ CX, d-48(SP)
	MOVQ tileArgs_Sums(AX), CX
	MOVQ CX, sums-56(SP)

block:
	MOVQ t+0(FP), R9
	FEWPOINT(q-40(SP), tileArgs_QStride(R9))
	ROWS
	FEWTOKENS(FEWZEROISUM)
	PACKBLOCK

	MOVQ t+0(FP), R9
	FEWPOINT(sums-56(SP), tileArgs_SStride(R9))
	FEWTOKENS(FEWZEROSUM)
	ALLPAIRS(FEWPAIRS)

	FEWPOINT(acc-16(SP), $(2*VBYTES))
	FEWTOKENS(FEWLOAD)
	VMOVUPS (PAIRS+8*64)(DI), Z8
	VMOVUPS (PAIRS+9*64)(DI), Z9
	FEWPOINT(d-48(SP), tileArgs_DStride(R9))
	FEWTOKENS(FEWFINISH)
	FEWPOINT(acc-16(SP), $(2*VBYTES))
	FEWTOKENS(FEWSAVE)

	ADDQ $BLOCK, SI
	ADDQ $(LANES*(BLOCK-16*LOADS)), R13
	ADDQ $256, q-40(SP)
	ADDQ $4, d-48(SP)
	ADDQ $32, sums-56(SP)
	DECQ blocks-32(SP)
	JNZ  block

	ADDQ  $VBYTES, acc-16(SP)
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  left-8(SP)
	JNZ   rows
	VZEROUPPER
	RET

#undef FEW
#undef FEWHALF
#undef FEWTOKENS
#undef FEWSTEP
#undef FEWPAIRS
