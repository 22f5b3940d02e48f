// This template makes the function PACK, which packs the blocks of a format.
// PACKBLOCK packs one block of each row of a vector of rows, from SI to DI. BLOCK
// is the size of a block in bytes, and PANEL is the size of what PACKBLOCK writes.
// FETCHNEXT prefetches rows of the next panel, once for every FETCHEVERY blocks.
//
// A panel is two vectors of rows, one after the other.
//
// Registers
//	SI, R8 - R11, DX  rows (see rows_*.h)
//	DI                the panel
//	CX                blocks left
//	BX                vectors of rows left
//	R13               bytes to the next panel's rows
//	V15               15 in all bytes
TEXT PACK(SB), NOSPLIT, $0-32
	MOVQ         panel+0(FP), DI
	MOVQ         w+8(FP), SI
	MOVQ         stride+16(FP), DX
	LEAQ         (DX)(DX*2), R8
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVL         $2, BX
	MOVQ         DX, R13
	IMULQ        $(2*LANES), R13

rows:
	MOVQ nb+24(FP), CX

block:
	ROWS
	TESTL $(FETCHEVERY-1), CX
	JNZ   pack
	FETCHNEXT

pack:
	PACKBLOCK
	ADDQ $BLOCK, SI
	ADDQ $PANEL, DI
	DECQ CX
	JNZ  block

	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  w+8(FP), SI
	DECQ  BX
	JNZ   rows
	VZEROUPPER
	RET

#undef PACK
