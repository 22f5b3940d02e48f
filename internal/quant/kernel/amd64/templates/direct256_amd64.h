// This template multiplies weights in blocks of 256 by the activations of a few tokens. It
// packs one super-block of each row of a vector of rows, and multiplies these super-blocks
// immediately, while it prefetches the next rows. The results are those of tile256_amd64.h.
//
// Registers
//	SI, R8 - R11, DX  rows while packing (see rows_*.h)
//	DI                the packed super-block
//	R13               address to prefetch, AHEAD bytes beyond the start of the next rows
//	R9                current run
//	R10               runs left
//	R12, CX, AX       the current token's activations, scale and Sums (see kernel.Args)
//	R11               the current token's accumulators
//	BX                tokens left
//	V0 - V7           weights of a run; then V7: sums of pairs
//	V8                sums of a run
//	V9                isum
//	V10 - V12         scratch

// DIRECTPAIR adds the j-th pairs (see unpack256_amd64.h), times the token's Sums, to V7.
#define DIRECTPAIR(j) \
	VPBROADCASTD (j*4)(AX), V10 \
	ADDPAIRS((j*VBYTES)(R9), V7)

TEXT DIRECT(SB), NOSPLIT, $80-8
	MOVQ t+0(FP), AX
	CONSTANTS(AX)
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVQ         tileArgs_Panel(AX), DI
	MOVQ         tileArgs_W(AX), SI
	MOVQ         tileArgs_WStride(AX), DX
	LEAQ         (DX)(DX*2), R8
	MOVQ         tileArgs_Acc(AX), CX
	MOVQ         CX, acc-8(SP)
	MOVQ         tileArgs_QStride(AX), CX
	SUBQ         $256, CX
	MOVQ         CX, qNext-16(SP)
	MOVQ         $2, left-24(SP)
	MOVQ         DX, R13
	IMULQ        $LANES, R13
	LEAQ         AHEAD(SI)(R13*1), R13

rows:
	MOVQ t+0(FP), AX
	MOVQ tileArgs_NB(AX), CX
	MOVQ CX, blocks-32(SP)
	MOVQ tileArgs_Q(AX), CX
	MOVQ CX, q-40(SP)
	MOVQ tileArgs_D(AX), CX
	MOVQ CX, d-48(SP)
	MOVQ tileArgs_Sums(AX), CX
	MOVQ CX, sums-56(SP)

block:
	ROWS
	PACKBLOCK
	ADDQ $BLOCK, SI
	ADDQ $(LANES*(BLOCK-16*LOADS)), R13
	MOVQ t+0(FP), AX
	MOVQ tileArgs_Tokens(AX), BX
	MOVQ q-40(SP), R12
	MOVQ d-48(SP), CX
	MOVQ sums-56(SP), AX
	MOVQ acc-8(SP), R11

token:
	VXOR V9, V9, V9
	MOVQ DI, R9
	MOVL $RUNS, R10

run:
	DOTRUN
	ADDQ $((RUNWEIGHTS/4+1)*VBYTES), R9
	ADDQ $RUNWEIGHTS, R12
	DECL R10
	JNZ  run

	VXOR V7, V7, V7
	ALLPAIRS(DIRECTPAIR)

	VBROADCASTSS (CX), V10
	VMOVUPS      (R11), V12
	VMULPS       (8*VBYTES)(R9), V10, V11
#ifdef MINS
	VCVTDQ2PS    V9, V9
	VFMADD231PS  V11, V9, V12
	VMULPS       (9*VBYTES)(R9), V10, V11
	VCVTDQ2PS    V7, V7
	VFNMADD231PS V11, V7, V12
#else
	VPSUBD      V7, V9, V9
	VCVTDQ2PS   V9, V9
	VFMADD231PS V11, V9, V12
#endif
	VMOVUPS V12, (R11)

	ADDQ qNext-16(SP), R12
	MOVQ t+0(FP), R9
	ADDQ tileArgs_DStride(R9), CX
	ADDQ tileArgs_SStride(R9), AX
	ADDQ $(2*VBYTES), R11
	DECQ BX
	JNZ  token

	ADDQ $256, q-40(SP)
	ADDQ $4, d-48(SP)
	ADDQ $32, sums-56(SP)
	DECQ blocks-32(SP)
	JNZ  block

	ADDQ  $VBYTES, acc-8(SP)
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  left-24(SP)
	JNZ   rows
	VZEROUPPER
	RET

#undef DIRECT
#undef DIRECTPAIR
