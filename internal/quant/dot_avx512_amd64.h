// Products of bytes on AVX-512 VNNI; see tile32_amd64.h and direct32_amd64.h for
// the registers. V14 holds -offset in all 16-bit lanes.

#define CONSTANTS(t) VPBROADCASTD tileArgs_offset(t), Z14

// START sets a to -offset times the sum of the block's activations.
#define START(pairs, a) \
	VPBROADCASTD pairs, a   \
	VPMADDWD     Z14, a, a

// ISUM turns an integer sum into float32.
#define ISUM(a, pairs) VCVTDQ2PS a, a

#define DOT2(q, a, b) \
	VPBROADCASTD q, Z10     \
	VPDPBUSD     Z10, Z8, a \
	VPDPBUSD     Z10, Z9, b

// DOT1 adds the products of weights 4i to 4i+3 with one token, DOT4 with four.
#define DOT1(i) \
	VMOVDQU64 (i*64)(SI), Z8  \
	VMOVDQU64 (i*64)(DI), Z9  \
	DOT2((i*4)(R8), Z0, Z1)

#define DOT4(i) \
	DOT1(i)                       \
	DOT2((i*4)(R8)(R9*1), Z2, Z3) \
	DOT2((i*4)(R8)(R9*2), Z4, Z5) \
	DOT2((i*4)(R8)(R10*1), Z6, Z7)

// DOT8 adds the product of weights V0 to V7 with a token to V8, in two chains.
#define DOT8 \
	VPXORD        Z9, Z9, Z9       \
	VPDPBUSD.BCST 0(R12), Z0, Z8   \
	VPDPBUSD.BCST 4(R12), Z1, Z9   \
	VPDPBUSD.BCST 8(R12), Z2, Z8   \
	VPDPBUSD.BCST 12(R12), Z3, Z9  \
	VPDPBUSD.BCST 16(R12), Z4, Z8  \
	VPDPBUSD.BCST 20(R12), Z5, Z9  \
	VPDPBUSD.BCST 24(R12), Z6, Z8  \
	VPDPBUSD.BCST 28(R12), Z7, Z9  \
	VPADDD        Z9, Z8, Z8
