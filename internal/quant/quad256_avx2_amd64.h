// A 256-wide format's product with a single token for AVX2, by four long streams of rows
// as quad32_avx2_amd64.h. A vector holds 32 weights of one row; what it gives with the
// activations are sums of two in int16, and with the scales sums of four in int32.
//
// To be defined: QUAD (the function's name), QUADCONSTANTS, SUPERBLOCK (adds a
// super-block of four rows to X13), BLOCK (its bytes), FETCH (prefetches for four rows
// at SI, DX bytes apart).
//
// Registers
//	SI, DX, R8     row 0, bytes from one stream to the next, three times that
//	R12, CX, AX    the token's activations, scale, sums of 16
//	DI             results; R10 fours of rows left; BX super-blocks left
//	R13            bytes from the result of one stream to the next's
//	Y0 - Y12       scratch; X13 results; Y14, Y15 the format's constants
TEXT QUAD(SB), NOSPLIT, $0-8
	MOVQ t+0(FP), R9
	QUADCONSTANTS
	MOVQ tileArgs_acc(R9), DI
	MOVQ tileArgs_w(R9), SI
	MOVQ tileArgs_wStride(R9), DX
	LEAQ (DX)(DX*2), R8
	MOVQ tileArgs_rows(R9), R10
	SHRQ $2, R10
	LEAQ (R10*4), R13

rows:
	MOVQ   tileArgs_q(R9), R12
	MOVQ   tileArgs_d(R9), CX
	MOVQ   tileArgs_sums(R9), AX
	MOVQ   tileArgs_nb(R9), BX
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
	LEAQ       (R13)(R13*2), BX
	VMOVSS     X13, (DI)
	VEXTRACTPS $1, X13, (DI)(R13*1)
	VEXTRACTPS $2, X13, (DI)(R13*2)
	VEXTRACTPS $3, X13, (DI)(BX*1)
	ADDQ       $4, DI
	DECQ       R10
	JNZ        rows
	VZEROUPPER
	RET

#undef QUAD
#undef SUPERBLOCK
#undef BLOCK
#undef FETCH
