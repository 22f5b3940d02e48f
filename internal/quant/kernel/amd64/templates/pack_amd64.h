// This template packs the blocks of a format. PACK is the function. PACKBLOCK
// packs one block of each row of a vector of rows, from SI to DI. BLOCK and
// PANEL are the sizes of the block before and after packing, in bytes.
//
// A panel is two vectors of rows, one after the other.
//
// Registers
//	SI, R8 - R11, DX  rows (see rows_*.h)
//	DI                the panel
//	CX, BX            blocks left, vectors of rows left
//	V15               low nibbles
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
