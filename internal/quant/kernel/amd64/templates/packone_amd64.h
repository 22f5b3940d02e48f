// This template packs one super-block of a format with blocks of 256, for a product with a few
// tokens that uses the super-block immediately. PACKONE is the function. The other macros are those
// of format256_amd64.h. PACKONE also prefetches as many bytes as it packs, from address w+ahead on.
//
// The registers are those of pack_amd64.h, and R13 has the address of what to prefetch.
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
