// This template multiplies weights by the activations of a single token, without a panel.
// The format has a scale for each 16 weights. The results are those of tile16_amd64.h.
//
// Registers
//	SI, R8, R9, DX  rows (see rows_*.h)
//	R12, CX         the token's activations and scales
//	DI              accumulators
//	AX              blocks of activations left
//	R13             address to prefetch, AHEAD bytes beyond the start of the next rows
//	V0 - V7         weights of 32 columns, then their scales and minima
//	V13, V7         integer sums of the first and the second 16 weights
//	V8 - V12        scratch
//	V14             -offset, as int16
//	V15             15 in all bytes

// ROWDOT sets sum to the int16 sums of the products of the 16
// weights in a to d with the activations from number at on.
#define ROWDOT(at, sum, a, b, c, d) \
	DOTTOKEN((at+0)(R12), a)  \
	DOTTOKEN((at+4)(R12), b)  \
	DOTTOKEN((at+8)(R12), c)  \
	DOTTOKEN((at+12)(R12), d) \
	VPADDW b, a, a            \
	VPADDW d, c, c            \
	VPADDW c, a, sum

// ROWFINISH adds the product of 16 weights, whose int16 sums are in sum, to the
// accumulators in V12. V10 has the token's scale. ROWFINISH clobbers V8, V9 and V11.
#ifdef MINS
#define ROWFINISH(at, sum, d, m) \
	VPBROADCASTD ·ones8(SB), V15      \
	TOKENSUM(at(R12), V9, V8)         \
	VPBROADCASTD ·lowNibbles(SB), V15 \
	VPMADDWD     ONES, sum, sum       \
	VCVTDQ2PS    sum, sum             \
	VMULPS       V10, d, V11          \
	VFMADD231PS  V11, sum, V12        \
	VFMADD231PS  V9, m, V12
#else
#define ROWFINISH(at, sum, d, m) \
	VPBROADCASTD ·ones8(SB), V15      \
	TOKENSUM(at(R12), V9, V8)         \
	VPBROADCASTD ·lowNibbles(SB), V15 \
	VPMADDWD     ONES, sum, sum       \
	VPADDD       V9, sum, sum         \
	VCVTDQ2PS    sum, sum             \
	VMULPS       V10, d, V11          \
	VFMADD231PS  V11, sum, V12
#endif

#define ROWPART(p) \
	UNPACK(p)                      \
	FIRST(ROWDOT, (32*p), V13)     \
	SECOND(ROWDOT, (32*p+16), V7)  \
	SCALES(p)                      \
	VBROADCASTSS (4*p)(CX), V10    \
	VMOVUPS      (DI), V12         \
	ROWFINISH((32*p), V13, V0, V2) \
	ROWFINISH((32*p+16), V7, V1, V3) \
	VMOVUPS      V12, (DI)

TEXT ROW(SB), NOSPLIT, $8-8
	MOVQ         t+0(FP), AX
	VPBROADCASTD tileArgs_Offset(AX), V14
	VPBROADCASTD ·lowNibbles(SB), V15
	MOVQ         $2, left-8(SP)
	MOVQ         tileArgs_Acc(AX), DI
	MOVQ         tileArgs_W(AX), SI
	MOVQ         tileArgs_WStride(AX), DX
	LEAQ         (DX)(DX*2), R8
	MOVQ         DX, R13
	IMULQ        $LANES, R13
	LEAQ         AHEAD(SI)(R13*1), R13

rows:
	MOVQ tileArgs_Q(AX), R12
	MOVQ tileArgs_D(AX), CX
	MOVQ tileArgs_NB(AX), AX

block:
	ROWS
	FETCH
	EACHPART(ROWPART)
	ADDQ $BLOCK, SI
	ADDQ $(LANES*BLOCK), R13
	ADDQ $(32*PARTS), R12
	ADDQ $(4*PARTS), CX
	SUBQ $PARTS, AX
	JNZ  block

	ADDQ  $VBYTES, DI
	MOVQ  t+0(FP), AX
	MOVQ  DX, SI
	IMULQ $LANES, SI
	ADDQ  tileArgs_W(AX), SI
	DECQ  left-8(SP)
	JNZ   rows
	VZEROUPPER
	RET

#undef ROW
#undef ROWDOT
#undef ROWFINISH
#undef ROWPART
