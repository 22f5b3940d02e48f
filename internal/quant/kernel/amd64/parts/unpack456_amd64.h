// This file unpacks Q4_K, Q5_K and Q6_K (see unpack256_amd64.h).

// HEAD6 reads the 16 bytes at the start of a block. It stores D and
// DMin, and then the 6-bit scales and minima (see unpackScales6).
#define HEAD6 \
	FETCH                          \
	LOADROWS(0)                    \
	VCOPY        V0, V8            \
	SPLITHALVES(V4, V5)            \
	VMOVUPS      V4, D32(DI)       \
	VMOVUPS      V5, DMIN32(DI)    \
	BROADCAST16  ·bytes00(SB), V13 \
	VPBROADCASTD ·lowSix(SB), V10  \
	VPBROADCASTD ·bits45(SB), V11  \
	VPSRLD       $2, V1, V4        \
	VPSRLD       $2, V2, V5        \
	VPSRLD       $4, V3, V6        \
	VAND         V10, V1, V1       \
	VAND         V10, V2, V2       \
	VAND         V15, V3, V3       \
	VAND         V11, V4, V4       \
	VAND         V11, V5, V5       \
	VAND         V15, V6, V6       \
	VOR          V4, V3, V3        \
	VOR          V5, V6, V6        \
	SCALES32(0, 1, V1)             \
	SCALES32(4, 1, V3)             \
	PAIRS32(0, 1, V2, 0)           \
	PAIRS32(4, 1, V6, 0)

// CHUNK_Q4_K unpacks the 16 weights from number 64c + 16m on, and the 16 weights from number 64c +
// 32 + 16m on.
#define CHUNK_Q4_K(c, m) \
	FETCH                          \
	LOADROWS(16+32*c+16*m)         \
	NIBBLES                        \
	STORE32(4*c+m, V0, V1, V2, V3) \
	STORE32(4*c+2+m, V4, V5, V6, V7)

#define PACK_Q4_K \
	HEAD6            \
	CHUNK_Q4_K(0, 0) \
	CHUNK_Q4_K(0, 1) \
	CHUNK_Q4_K(1, 0) \
	CHUNK_Q4_K(1, 1) \
	CHUNK_Q4_K(2, 0) \
	CHUNK_Q4_K(2, 1) \
	CHUNK_Q4_K(3, 0) \
	CHUNK_Q4_K(3, 1)

// CHUNK_Q5_K does what CHUNK_Q4_K does, and adds the fifth bits, which are bits
// 2c and 2c+1 of the bytes of V8 to V11. The shifts move these bits to bit 4.
#define CHUNK_Q5_K(c, m, SHIFT0, n0, SHIFT1, n1) \
	FETCH                                     \
	LOADROWS(48+32*c+16*m)                    \
	NIBBLES                                   \
	HIGHBITS(SHIFT0, n0, V14, V0, V1, V2, V3) \
	HIGHBITS(SHIFT1, n1, V14, V4, V5, V6, V7) \
	STORE32(4*c+m, V0, V1, V2, V3)            \
	STORE32(4*c+2+m, V4, V5, V6, V7)

#define COLUMN_Q5_K(m) \
	FETCH                                  \
	LOADROWS(16+16*m)                      \
	SAVEROWS                               \
	CHUNK_Q5_K(0, m, VPSLLW, 4, VPSLLW, 3) \
	CHUNK_Q5_K(1, m, VPSLLW, 2, VPSLLW, 1) \
	CHUNK_Q5_K(2, m, VPSLLW, 0, VPSRLW, 1) \
	CHUNK_Q5_K(3, m, VPSRLW, 2, VPSRLW, 3)

#define PACK_Q5_K \
	HEAD6                       \
	VPBROADCASTD ·bit4(SB), V14 \
	COLUMN_Q5_K(0)              \
	COLUMN_Q5_K(1)

// QUARTER_Q6_K unpacks the 16 weights from number 128h + 32g + 16m on, for each 0 ≤ g < 4.
#define QUARTER_Q6_K(h, m) \
	FETCH                                    \
	LOADROWS(128+32*h+16*m)                  \
	SAVEROWS                                 \
	FETCH                                    \
	LOADROWS(64*h+16*m)                      \
	NIBBLES                                  \
	HIGHBITS(VPSLLW, 4, V14, V0, V1, V2, V3) \
	HIGHBITS(VPSLLW, 0, V14, V4, V5, V6, V7) \
	STORE16(8*h+m, V0, V1, V2, V3)           \
	STORE16(8*h+4+m, V4, V5, V6, V7)         \
	FETCH                                    \
	LOADROWS(64*h+32+16*m)                   \
	NIBBLES                                  \
	HIGHBITS(VPSLLW, 2, V14, V0, V1, V2, V3) \
	HIGHBITS(VPSRLW, 2, V14, V4, V5, V6, V7) \
	STORE16(8*h+2+m, V0, V1, V2, V3)         \
	STORE16(8*h+6+m, V4, V5, V6, V7)

#define PACK_Q6_K \
	HALVES(208, V4)                \
	VMOVUPS      V4, D16(DI)       \
	BROADCAST16  ·bytes01(SB), V13 \
	VPBROADCASTD ·bits45(SB), V14  \
	FETCH                          \
	LOADROWS(192)                  \
	SCALES16(0, V0)                \
	SCALES16(4, V1)                \
	SCALES16(8, V2)                \
	SCALES16(12, V3)               \
	PAIRS16(0, V0, 5)              \
	PAIRS16(4, V1, 5)              \
	PAIRS16(8, V2, 5)              \
	PAIRS16(12, V3, 5)             \
	QUARTER_Q6_K(0, 0)             \
	QUARTER_Q6_K(0, 1)             \
	QUARTER_Q6_K(1, 0)             \
	QUARTER_Q6_K(1, 1)
