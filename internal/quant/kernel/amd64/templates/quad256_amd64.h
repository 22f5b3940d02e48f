// The product of a 256-wide format with a single token, by four long streams of rows as in
// quad32_avx512_amd64.h. A vector holds 32 or 64 weights of one row. Multiplying them with the
// activations gives sums of two products in int16. Multiplying these sums with the scales gives
// sums of four products in int32.
//
// To be defined: QUAD (the function's name), QUADCONSTANTS, SUPERBLOCK (adds the
// products of a super-block of four rows to X13), BLOCK (bytes of a super-block), FETCH (prefetches for four rows
// at SI, DX bytes apart).
//
// Registers, besides those of quads_amd64.h
//	Y0 - Y12       scratch; X13 results; from Y14 on the format's constants
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

	// SI is at the next row of each stream.
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
