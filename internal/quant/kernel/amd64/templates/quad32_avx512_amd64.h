// A 32-wide format's product with a single token, four rows and four blocks of each
// at a time, for rows whose number of blocks is a multiple of four. The rows are not
// neighbours but a quarter of all rows apart. So memory is read in four sequential streams,
// each as long as that quarter, which CPUs fetch ahead of the program. row32_amd64.h has
// sixteen streams that jump at the end of each row, and two thirds of the speed.
//
// A vector holds 16 weights of each of four blocks of a row, block L in 128-bit lane L.
// The dot products leave four partial sums of a block in its lane. Adding the partial sums
// of four rows also transposes them: lane L then holds the sums of block L for the four
// rows. Four fused multiply-adds, in the order of the blocks, complete the product.
//
// To be defined: QUAD (the function's name), QUADCONSTANTS, QUADROW (see below), BLOCK
// (bytes of a block), FETCH (prefetches for four rows at SI, DX bytes apart).
//
// Registers, besides those of quads_amd64.h
//	Z0 - Z3        sums of rows; X10 results
//	Z4 - Z8        scratch; Z9 scales of the blocks, row j of block L in word 4L+j
//	Z14            -offset; Z16, Z17 first and second half of the activations
//	Z18            sums to start with; Z19 the shuffle that spreads dword L over lane L
//	Z20 - Z23      the format's constants
//	K1 - K4        words, or dwords, 4L+j
TEXT QUAD(SB), NOSPLIT, $0-8
	MOVQ         t+0(FP), R9
	QUADCONSTANTS
	VPBROADCASTD tileArgs_Offset(R9), Z14
	VMOVDQU64    ·laneNumbers(SB), Z19
	MOVL         $0x1111, AX
	KMOVW        AX, K1
	MOVL         $0x2222, AX
	KMOVW        AX, K2
	MOVL         $0x4444, AX
	KMOVW        AX, K3
	MOVL         $0x8888, AX
	KMOVW        AX, K4
	QUADSTART

rows:
	QUADTOKEN(tileArgs_Pairs)
	VXORPS X10, X10, X10

blocks:
	FETCH
	VPXORD          Z9, Z9, Z9 // so that the scales do not wait for the previous blocks' scales
	VMOVDQU64       (R12), Z16
	VMOVDQU64       64(R12), Z18
	VSHUFI32X4      $0xdd, Z18, Z16, Z17
	VSHUFI32X4      $0x88, Z18, Z16, Z16
	VBROADCASTI32X4 (AX), Z18
	VPERMILPS.Z     Z19, Z18, K1, Z18
	VPMADDWD        Z14, Z18, Z18
	QUADROW((SI), 8(SI), 64(SI), 72(SI), Z0, K1)
	QUADROW((SI)(DX*1), 8(SI)(DX*1), 64(SI)(DX*1), 72(SI)(DX*1), Z1, K2)
	QUADROW((SI)(DX*2), 8(SI)(DX*2), 64(SI)(DX*2), 72(SI)(DX*2), Z2, K3)
	QUADROW((SI)(R8*1), 8(SI)(R8*1), 64(SI)(R8*1), 72(SI)(R8*1), Z3, K4)

	VPUNPCKLDQ      Z1, Z0, Z4
	VPUNPCKHDQ      Z1, Z0, Z5
	VPUNPCKLDQ      Z3, Z2, Z6
	VPUNPCKHDQ      Z3, Z2, Z7
	VPADDD          Z5, Z4, Z4
	VPADDD          Z7, Z6, Z6
	VPUNPCKLQDQ     Z6, Z4, Z5
	VPUNPCKHQDQ     Z6, Z4, Z7
	VPADDD          Z7, Z5, Z5
	VCVTDQ2PS       Z5, Z5
	VCVTPH2PS       Y9, Z9
	VBROADCASTF32X4 (CX), Z6
	VPERMILPS       Z19, Z6, Z6
	VMULPS          Z6, Z9, Z6
	VFMADD231PS     X6, X5, X10
	VEXTRACTF32X4   $1, Z5, X4
	VEXTRACTF32X4   $1, Z6, X7
	VFMADD231PS     X7, X4, X10
	VEXTRACTF32X4   $2, Z5, X4
	VEXTRACTF32X4   $2, Z6, X7
	VFMADD231PS     X7, X4, X10
	VEXTRACTF32X4   $3, Z5, X4
	VEXTRACTF32X4   $3, Z6, X7
	VFMADD231PS     X7, X4, X10

	ADDQ $(4*BLOCK), SI
	ADDQ $128, R12
	ADDQ $16, CX
	ADDQ $16, AX
	SUBQ $4, BX
	JNZ  blocks

	// SI is at the next row of each stream.
	QUADSTORE(X10)
	ADDQ $4, DI
	DECQ R10
	JNZ  rows
	VZEROUPPER
	RET

#undef QUAD
#undef QUADCONSTANTS
#undef QUADROW
#undef BLOCK
#undef FETCH
