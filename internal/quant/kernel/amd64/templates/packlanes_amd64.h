// This template makes PACK, which packs Q5_1's blocks of 24 bytes into runs (see
// q5_1_avx2_amd64.s).
//
// Define before each #include
//
//	PACK   name of the function
//	SPLIT  NIBBLES, or a macro that does the same for another order of the nibbles

#ifndef FIFTHPAIR
// FIFTHPAIR adds 16 to the weights of a and b whose bit is set in byte i of each lane of V8.
// The lower bits of the byte are for a, the higher bits for b. FIFTHPAIR clobbers V9 and V10.
#define FIFTHPAIR(i, a, b) \
	VPSHUFB ·spreadBytes+32*i(SB), V8, V9 \
	VPAND   V13, V9, V10                  \
	VPAND   V14, V9, V9                   \
	VPSHUFB V10, V12, V10                 \
	VPMINUB ·sixteens(SB), V9, V9         \
	VPOR    V10, a, a                     \
	VPOR    V9, b, b
#endif

// Registers
//	SI, R9, DX, R8  rows (see rows_avx2_amd64.h)
//	DI              the block's weights in the panel
//	R10, R11        bytes of a run, three times that
//	AX              scratch
//	CX              blocks left
//	BX              vectors of rows left
//	R13             bytes to the next panel's rows
//	V12             table of FIFTHPAIR
//	V13, V14        masks of FIFTHPAIR
//	V15             15 in all bytes
TEXT PACK(SB), NOSPLIT, $0-32
	MOVQ           panel+0(FP), DI
	MOVQ           w+8(FP), SI
	MOVQ           stride+16(FP), DX
	LEAQ           (DX)(DX*2), R8
	MOVQ           nb+24(FP), R10
	SHLQ           $5, R10
	LEAQ           (R10)(R10*2), R11
	VBROADCASTI128 ·bitTo16(SB), V12
	VPBROADCASTD   ·bits0123(SB), V13
	VPBROADCASTD   ·bits4567(SB), V14
	VPBROADCASTD   ·lowNibbles(SB), V15
	MOVL           $2, BX
	MOVQ           DX, R13
	IMULQ          $(2*LANES), R13

rows:
	MOVQ nb+24(FP), CX

block:
	ROWS
	TESTL $3, CX
	JNZ   pack
	FETCHLINES2

pack:
	LOADROWS(8)
	SPLIT

	// Load 8 bytes of each row: scale, minimum and fifth bits.
	VMOVQ       (SI), X8
	VMOVHPS     (SI)(DX*1), X8, X8
	VMOVQ       (SI)(DX*2), X9
	VMOVHPS     (SI)(R8*1), X9, X9
	VMOVQ       (R9), X10
	VMOVHPS     (R9)(DX*1), X10, X10
	VMOVQ       (R9)(DX*2), X11
	VMOVHPS     (R9)(R8*1), X11, X11
	VINSERTI128 $1, X10, Y8, Y8
	VINSERTI128 $1, X11, Y9, Y9
	VSHUFPS     $0x88, Y9, Y8, Y11
	VSHUFPS     $0xdd, Y9, Y8, Y8
	FIFTHPAIR(0, V0, V1)
	FIFTHPAIR(1, V2, V3)
	FIFTHPAIR(2, V4, V5)
	FIFTHPAIR(3, V6, V7)
	LEAQ        (DI)(R10*4), AX
	VMOVDQU     Y0, (DI)
	VMOVDQU     Y1, (DI)(R10*1)
	VMOVDQU     Y2, (DI)(R10*2)
	VMOVDQU     Y3, (DI)(R11*1)
	VMOVDQU     Y4, (AX)
	VMOVDQU     Y5, (AX)(R10*1)
	VMOVDQU     Y6, (AX)(R10*2)
	VMOVDQU     Y7, (AX)(R11*1)
	LEAQ        (AX)(R10*4), AX
	VPSHUFB     ·evenWords(SB), Y11, Y11
	VPERMQ      $0xd8, Y11, Y11
	VEXTRACTI128 $1, Y11, X10
	VCVTPH2PS   X11, Y11
	VCVTPH2PS   X10, Y10
	VMOVUPS     Y11, (AX)
	VMOVUPS     Y10, (AX)(R10*1)
	ADDQ        $24, SI
	ADDQ        $VBYTES, DI
	DECQ        CX
	JNZ         block

	IMUL3Q $PANELRUNS, R10, DI
	ADDQ   panel+0(FP), DI
	MOVQ   DX, SI
	IMULQ  $LANES, SI
	ADDQ   w+8(FP), SI
	DECQ   BX
	JNZ    rows
	VZEROUPPER
	RET

#undef PACK
#undef SPLIT
