// This template multiplies weights in blocks of 256 by the activations of a single token.
// It reads four long streams of rows, as quad32_avx512_amd64.h does. A vector holds 32 or
// 64 weights of one row. Multiplying them with the activations gives sums of two products
// in int16. Multiplying these sums with the scales gives sums of four products in int32.
//
// Define before each #include
//
//	QUAD           name of the function
//	QUADCONSTANTS  loads the format's constants
//	SUPERBLOCK     adds the products of a super-block of four rows to X13
//	BLOCK          bytes of a super-block
//	FETCH          prefetches for four rows at SI, which are DX bytes apart
//
// Registers, besides those of quads_amd64.h
//	Y0 - Y12     scratch
//	X13          results of four rows
//	from Y14 on  the format's constants
TEXT QUAD(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R9
	QUADCONSTANTS
	QUADSTART

rows:
	QUADTOKEN(tileArgs_Sums)
	VXORPS X13, X13, X13

blocks:
	FETCH
	SUPERBLOCK
	ADDQ $BLOCK, SI
	ADDQ $256, R12
	ADDQ $4, CX
	ADDQ $32, AX
	DECQ BX
	JNZ  blocks

	// SI points to the next row of stream 0.
	QUADSTORE(X13)
	ADDQ $4, DI
	DECQ R10
	JNZ  rows
	VZEROUPPER
	RET

#undef QUAD
#undef SUPERBLOCK
#undef BLOCK
#undef FETCH
