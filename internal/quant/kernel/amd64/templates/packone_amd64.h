// This template makes the function PACKONE, for a format with blocks of 256.
// PACKONE packs one super-block of each row, for a product with a few tokens
// that uses these super-blocks immediately. It also prefetches as many bytes
// as it packs, from address w+ahead on. format256_amd64.h lists the macros.
//
// The registers are those of pack_amd64.h, except that R13 has the address to prefetch.
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
