// This template multiplies weights in blocks of 32 by the activations of a single
// token. The number of blocks in a row must be even. The template computes four
// rows at a time, four blocks of each. These rows are not neighbours, but a quarter
// of all rows apart. So memory is read in four sequential streams, each as long as
// a quarter of all rows. CPUs prefetch such streams. row32_amd64.h is slower,
// because it reads sixteen streams, each of which jumps at the end of a row.
//
// A vector holds 16 weights of each of four blocks of a row, block L in 128-bit lane L. The dot
// products leave four partial sums of a block in its lane. Adding the partial sums of four rows
// also transposes them: lane L then holds the sums of block L for the four rows. Four fused
// multiply-adds, in the order of the blocks, add them to the results. If two blocks are left at
// the end of a row, masks keep the loads within the row, and two fused multiply-adds are enough.
//
// Define before each #include
//
//	QUAD           name of the function
//	QUADCONSTANTS  loads the format's constants
//	QUADROW(w, w8, w64, w72, sum, k)
//	               sets sum to the dot products of four blocks of a row, and the words k of Z9
//	               to their scales; w, w8, w64 and w72 are the blocks' bytes from byte 0, 8, 64
//	               and 72 on
//	BLOCK          bytes of a block
//	FETCH          prefetches for four rows at SI, which are DX bytes apart
//
// Registers, besides those of quads_amd64.h
//	Z0 - Z3    sums of rows 0 to 3
//	X10        results of rows 0 to 3
//	Z4 - Z8    scratch
//	Z9         scales of the blocks, row j of block L in word 4L+j
//	Z14        -offset, as int16
//	Z16, Z17   first and second half of each block's activations
//	Z18        sums to start with: -offset times the sums of the activations
//	Z19        shuffle that spreads dword L over lane L
//	Z20 - Z23  the format's constants
//	K1 - K4    for row j, the mask of words (or dwords) 4L+j
//	K5, K6     mask of the bytes of two blocks; the same without the last eight
//	Z24 - Z31  two blocks of each row: all bytes, and the bytes from byte 8 on

// QUADSUMS sets Z5 to the sums of four rows, with block L in lane L.
// It converts the blocks' scales in Z9 to float32, in the same order.
#define QUADSUMS \
	VPUNPCKLDQ  Z1, Z0, Z4 \
	VPUNPCKHDQ  Z1, Z0, Z5 \
	VPUNPCKLDQ  Z3, Z2, Z6 \
	VPUNPCKHDQ  Z3, Z2, Z7 \
	VPADDD      Z5, Z4, Z4 \
	VPADDD      Z7, Z6, Z6 \
	VPUNPCKLQDQ Z6, Z4, Z5 \
	VPUNPCKHQDQ Z6, Z4, Z7 \
	VPADDD      Z7, Z5, Z5 \
	VCVTDQ2PS   Z5, Z5     \
	VCVTPH2PS   Y9, Z9

// Each lane of Z6 has the token's scales of four blocks. ADDFIRST multiplies the
// weights' scales by them, and adds the products of the block in lane 0 to X10.
#define ADDFIRST \
	VPERMILPS   Z19, Z6, Z6 \
	VMULPS      Z6, Z9, Z6  \
	VFMADD231PS X6, X5, X10

// ADDBLOCK adds the products of the block in another lane to X10.
#define ADDBLOCK(lane) \
	VEXTRACTF32X4 lane, Z5, X4 \
	VEXTRACTF32X4 lane, Z6, X7 \
	VFMADD231PS   X7, X4, X10

// LOADTWO loads the two blocks at w. It loads all their bytes
// to z, and the bytes from byte 8 on, which are at w8, to z8.
#define LOADTWO(w, w8, z, z8) \
	VMOVDQU8.Z w, K5, z   \
	VMOVDQU8.Z w8, K6, z8

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
	MOVQ         $((1<<(2*BLOCK))-1), AX
	KMOVQ        AX, K5
	SHRQ         $8, AX
	KMOVQ        AX, K6
	QUADSTART

rows:
	QUADTOKEN(tileArgs_Pairs)
	VXORPS X10, X10, X10
	SUBQ   $4, BX
	JLT    last

blocks:
	FETCH
	VPXORD          Z9, Z9, Z9 // so that masked writes do not wait for the previous block
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

	QUADSUMS
	VBROADCASTF32X4 (CX), Z6
	ADDFIRST
	ADDBLOCK($1)
	ADDBLOCK($2)
	ADDBLOCK($3)

	ADDQ $(4*BLOCK), SI
	ADDQ $128, R12
	ADDQ $16, CX
	ADDQ $16, AX
	SUBQ $4, BX
	JGE  blocks

last:
	CMPQ       BX, $-2
	JNE        stored
	VPXORD     Z9, Z9, Z9
	VMOVDQU64  (R12), Z16
	VPXORD     Z17, Z17, Z17
	VSHUFI32X4 $0xdd, Z17, Z16, Z17
	VPXORD     Z18, Z18, Z18
	VSHUFI32X4 $0x88, Z18, Z16, Z16
	VMOVQ      (AX), X18
	VSHUFI32X4 $0, Z18, Z18, Z18
	VPERMILPS.Z Z19, Z18, K1, Z18
	VPMADDWD   Z14, Z18, Z18
	LOADTWO((SI), 8(SI), Z24, Z28)
	LOADTWO((SI)(DX*1), 8(SI)(DX*1), Z25, Z29)
	LOADTWO((SI)(DX*2), 8(SI)(DX*2), Z26, Z30)
	LOADTWO((SI)(R8*1), 8(SI)(R8*1), Z27, Z31)
	QUADROW(Z24, Z28, Z24, Z28, Z0, K1)
	QUADROW(Z25, Z29, Z25, Z29, Z1, K2)
	QUADROW(Z26, Z30, Z26, Z30, Z2, K3)
	QUADROW(Z27, Z31, Z27, Z31, Z3, K4)
	QUADSUMS
	VMOVQ      (CX), X6
	VSHUFF32X4 $0, Z6, Z6, Z6
	ADDFIRST
	ADDBLOCK($1)
	ADDQ       $(2*BLOCK), SI

stored:
	// SI points to the next row of stream 0.
	QUADSTORE(X10)
	ADDQ $4, DI
	DECQ R10
	JNZ  rows
	VZEROUPPER
	RET

#undef QUAD
#undef QUADCONSTANTS
#undef QUADROW
#undef QUADSUMS
#undef ADDFIRST
#undef ADDBLOCK
#undef LOADTWO
#undef BLOCK
#undef FETCH
