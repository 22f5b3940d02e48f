// The macros of this file turn blocks of 32 weights into bytes. For a format x, UNPACK_x leaves
// the four weights 4i to 4i+3 of every row in the lanes of Vi, and clobbers V8 to V13. If the
// table in int_amd64.go has an offset for x, UNPACK_x adds it, so that the bytes are unsigned.
// SCALES_x sets d to the scales, and m to the minima if x has minima. It clobbers V8 to V11.
// V15 must be 15 in all bytes (lowNibbles). The byte maps of the formats are in their Go files.

// TRANSPOSE transposes the 4 × 4 dwords of each 128-bit
// lane of V0 to V3. TRANSPOSE clobbers V4 to V7.
#define TRANSPOSE \
	VPUNPCKLDQ  V1, V0, V4 \
	VPUNPCKHDQ  V1, V0, V5 \
	VPUNPCKLDQ  V3, V2, V6 \
	VPUNPCKHDQ  V3, V2, V7 \
	VPUNPCKLQDQ V6, V4, V0 \
	VPUNPCKHQDQ V6, V4, V1 \
	VPUNPCKLQDQ V7, V5, V2 \
	VPUNPCKHQDQ V7, V5, V3

// NIBBLES splits the bytes of V0 to V3: the low nibbles
// stay there, and the high nibbles go to V4 to V7.
#define NIBBLES \
	VPSRLW $4, V0, V4  \
	VPSRLW $4, V1, V5  \
	VPSRLW $4, V2, V6  \
	VPSRLW $4, V3, V7  \
	VAND   V15, V0, V0 \
	VAND   V15, V1, V1 \
	VAND   V15, V2, V2 \
	VAND   V15, V3, V3 \
	VAND   V15, V4, V4 \
	VAND   V15, V5, V5 \
	VAND   V15, V6, V6 \
	VAND   V15, V7, V7

// EACH8 applies the macro OP, which may use V8, to each of V0 to V7.
#define EACH8(OP) \
	OP(V0) \
	OP(V1) \
	OP(V2) \
	OP(V3) \
	OP(V4) \
	OP(V5) \
	OP(V6) \
	OP(V7)

// FIFTH2 adds 16 to the bytes of a and b whose bit is set in byte 0 of each lane of V8. Bits 0
// to 3 are for a, bits 4 to 7 for b. The shuffle V10 spreads the byte over the lane. V11 masks
// bits 0 to 3 in the four bytes of each lane. V12 is a table that maps each masked bit to 16.
#define FIFTH2(a, b) \
	VPSHUFB V10, V8, V9   \
	VPSRLW  $4, V9, V13   \
	VAND    V11, V9, V9   \
	VAND    V11, V13, V13 \
	VPSHUFB V9, V12, V9   \
	VPSHUFB V13, V12, V13 \
	VOR     V9, a, a      \
	VOR     V13, b, b

// FIFTHBITS adds the fifth bits to the weights in V0 to V7.
// Bit j of a lane of V8 is the fifth bit of weight j.
#define FIFTHBITS \
	BROADCAST16  ·byte0(SB), V10    \
	VPBROADCASTD ·bits0123(SB), V11 \
	BROADCAST16  ·bitTo16(SB), V12  \
	FIFTH2(V0, V1)                  \
	VPSRLD       $8, V8, V8         \
	FIFTH2(V2, V3)                  \
	VPSRLD       $8, V8, V8         \
	FIFTH2(V4, V5)                  \
	VPSRLD       $8, V8, V8         \
	FIFTH2(V6, V7)

#define UNPACK_Q4_0 \
	LOADROWS(2) \
	NIBBLES

#define UNPACK_Q4_1 \
	LOADROWS(4) \
	NIBBLES

#define UNPACK_Q5_0 \
	LOADROWS(6) \
	NIBBLES     \
	DWORDS(2)   \
	FIFTHBITS

#define SIGNED_Q8_0 \
	LOADROWS(18)  \
	VCOPY V0, V8  \
	VCOPY V1, V9  \
	VCOPY V2, V10 \
	VCOPY V3, V11 \
	LOADROWS(2)   \
	VCOPY V8, V4  \
	VCOPY V9, V5  \
	VCOPY V10, V6 \
	VCOPY V11, V7

#define ADD128(v) VXOR V8, v, v
#define LOOKUP(v) VPSHUFB v, V8, v

// Q8_0 has weights of 8 bits. If SIGNED is defined, they stay signed.
#ifdef SIGNED
#define IQ4TABLE ·iq4Values(SB)
#define UNPACK_Q8_0 SIGNED_Q8_0
#else
#define IQ4TABLE ·iq4Unsigned(SB)
#define UNPACK_Q8_0 \
	SIGNED_Q8_0                    \
	VPBROADCASTD ·signBits(SB), V8 \
	EACH8(ADD128)
#endif

#define UNPACK_IQ4_NL \
	UNPACK_Q4_0              \
	BROADCAST16 IQ4TABLE, V8 \
	EACH8(LOOKUP)

#define UNPACK_MXFP4 \
	LOADROWS(1)                      \
	NIBBLES                          \
	BROADCAST16 ·mxfp4Unsigned(SB), V8 \
	EACH8(LOOKUP)

#define SCALES_D(d, m) HALVES(0, d)

// SCALES_E sets d to 2^(e-128) for the byte e. The bits of d are (e-1)<<23 if e is 2
// or more. If e is smaller, d is subnormal and its bits are (e+1)<<21. SCALES_E
// computes both values, limits the second to 1<<22, and takes the larger one.
#define SCALES_E(d, m) \
	DWORDS(0) \
	POWERS_E(d)

// POWERS_E does the same for the low bytes of V8.
#define POWERS_E(d) \
	VPSLLD       $24, V8, V8             \
	VPSRLD       $1, V8, V10             \
	VPSRLD       $3, V8, V8              \
	VPBROADCASTD ·powers+0(SB), V9       \
	VPSUBD       V9, V10, V10            \
	VPBROADCASTD ·powers+4(SB), V9       \
	VPADDD       V9, V8, V8              \
	VPBROADCASTD ·powers+8(SB), V9       \
	VPMINSD      V9, V8, V8              \
	VPMAXSD      V8, V10, d

#define SCALES_DM(d, m) \
	DWORDS(0) \
	SPLITHALVES(d, m)

// In a panel, a block is eight vectors of weights, then the
// scales (STORED), or the scales and the minima (STOREDM).
#define STOREBLOCK \
	VSTORE V0, (0*VBYTES)(DI) \
	VSTORE V1, (1*VBYTES)(DI) \
	VSTORE V2, (2*VBYTES)(DI) \
	VSTORE V3, (3*VBYTES)(DI) \
	VSTORE V4, (4*VBYTES)(DI) \
	VSTORE V5, (5*VBYTES)(DI) \
	VSTORE V6, (6*VBYTES)(DI) \
	VSTORE V7, (7*VBYTES)(DI)

#define STORED \
	VMOVUPS V12, (8*VBYTES)(DI)

#define STOREDM \
	VMOVUPS V12, (8*VBYTES)(DI) \
	VMOVUPS V13, (9*VBYTES)(DI)
