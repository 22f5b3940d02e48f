// The macros of this file turn blocks into bytes and scales, for formats with a scale for each 16
// weights. Each macro works on part p of a block. A part has 32 weights. For a format F there are
//
//	UNPACK_F(p)        leaves the weights as bytes in the lanes
//	                   of V0 to V7 (see unpack32_amd64.h)
//	FIRST_F(M, x, y)   calls the macro M with x, y and the vectors of the first 16 weights
//	SECOND_F(M, x, y)  does the same with the second 16 weights
//	SCALES_F(p)        then sets V0 and V1 to the scales of the first
//	                   and the second 16 weights, and V2 and V3 to
//	                   the minima if F has minima; clobbers V8 to V11
//
// The byte maps of the formats are in their Go files.

#define LOAD8(row, off0, off1, x) \
	VMOVQ   off0 row, x    \
	VMOVHPS off1 row, x, x

// LOADPAIRS does what LOADROWS does, but loads 8 bytes at off0 and 8 bytes at off1.
#define LOADPAIRS(off0, off1) \
	LOAD8((SI), off0, off1, X0)       \
	LOAD8((SI)(DX*1), off0, off1, X1) \
	LOAD8((SI)(DX*2), off0, off1, X2) \
	LOAD8((SI)(R8*1), off0, off1, X3) \
	LOAD8((R9), off0, off1, X4)       \
	LOAD8((R9)(DX*1), off0, off1, X5) \
	LOAD8((R9)(DX*2), off0, off1, X6) \
	LOAD8((R9)(R8*1), off0, off1, X7) \
	VINSERTI128 $1, X4, Y0, Y0        \
	VINSERTI128 $1, X5, Y1, Y1        \
	VINSERTI128 $1, X6, Y2, Y2        \
	VINSERTI128 $1, X7, Y3, Y3        \
	TRANSPOSE

#define FIRST_ADJACENT(M, x, y) M(x, y, V0, V1, V2, V3)
#define SECOND_ADJACENT(M, x, y) M(x, y, V4, V5, V6, V7)

#define UNPACK_Q4_2(p) \
	LOADPAIRS(2, 12) \
	ADJACENT

#define SCALES_Q4_2(p) \
	HALVES(0, V0)  \
	HALVES(10, V1)

#define UNPACK_Q4_3(p) \
	LOADPAIRS(4, 16) \
	ADJACENT

#define SCALES_Q4_3(p) \
	DWORDS(0)           \
	SPLITHALVES(V0, V2) \
	DWORDS(12)          \
	SPLITHALVES(V1, V3)

#define UNPACK_NVFP4(p) \
	LOADROWS(4+16*p)                   \
	NIBBLES                            \
	BROADCAST16 ·mxfp4Unsigned(SB), V8 \
	EACH8(LOOKUP)

#define FIRST_NVFP4(M, x, y) M(x, y, V0, V1, V4, V5)
#define SECOND_NVFP4(M, x, y) M(x, y, V2, V3, V6, V7)

// A scale is stored as seven bits, an exponent and a mantissa.
// SCALES_NVFP4 moves them to the exponent and the mantissa of a float16,
// and multiplies it by 2^7 (see nvfp4.go). The byte 0x7f counts as 0.
#define SCALES_NVFP4(p) \
	DWORDS(0)                         \
	VPSRLD       $(16*p), V8, V8      \
	BROADCAST16  ·bytes01(SB), V9     \
	VPSHUFB      V9, V8, V8           \
	VPBROADCASTD ·nanE4M3(SB), V9     \
	VPCMPEQW     V9, V8, V9           \
	VPSLLW       $1, V8, V8           \
	VPSRLW       $2, V8, V8           \
	VPANDN       V8, V9, V8           \
	SPLITHALVES(V0, V1)               \
	VBROADCASTSS ·two7(SB), V8        \
	VMULPS       V8, V0, V0           \
	VMULPS       V8, V1, V1
