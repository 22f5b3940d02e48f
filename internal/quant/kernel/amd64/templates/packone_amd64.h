// The packing of one super-block of a 256-wide format, for a product with a few tokens that
// immediately uses it. PACKONE is the function, the other macros are those of format256_amd64.h.
// The function prefetches as many bytes as it packs, starting at w+ahead.
//
// Registers: those of pack_amd64.h, and R13 what to prefetch.
TEXT PACKONE(SB), NOSPLIT, $0-32
	MOVQ         panel+0(FP), DI
	MOVQ         w+8(FP), SI
	MOVQ         stride+16(FP), DX
	MOVQ         ahead+24(FP), R13
	ADDQ         SI, R13
	LEAQ         (DX)(DX*2), R8
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVL         $2, BX

rows:
	ROWS
	PACKBLOCK
	ADDQ  $PANEL, DI
	ADDQ  $(LANES*(BLOCK-16*LOADS)), R13
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  w+8(FP), SI
	DECQ  BX
	JNZ   rows
	VZEROUPPER
	RET

#undef PACKONE
