// How super-blocks of the 256-wide formats become a panel: each macro PACK_x
// packs the super-block of a vector of rows at SI to DI and clobbers V0 to V14.
// V15 holds lowNibbles. The formats' byte maps are in their Go files.
//
// In a panel a super-block is a list of runs, then what belongs to all of them:
//
//	16 × 5 vectors  a run of 16: weights 4i to 4i+3 of every row in the i-th, made
//	                unsigned by an offset where necessary, then the scales; or
//	8 × 9 vectors   a run of 32, if the format has 8 scales
//	8 vectors       pairs of int16, for runs of 16 2j and 2j+1: the minima, or the
//	                scales times the offset
//	2 vectors       D and DMin as float32

#define RUN16(r) ((r)*5*VBYTES)
#define SCALE16(j) (((j)*5+4)*VBYTES)
#define PAIR16(j) ((80+(j))*VBYTES)
#define D16 (88*VBYTES)
#define DMIN16 (89*VBYTES)
#define PANEL16 (90*VBYTES)

#define RUN32(r) (((r)/2*9+(r)%2*4)*VBYTES)
#define SCALE32(j) (((j)*9+8)*VBYTES)
#define PAIR32(j) ((72+(j))*VBYTES)
#define D32 (80*VBYTES)
#define DMIN32 (81*VBYTES)
#define PANEL32 (82*VBYTES)

// The weights 16r to 16r+15 go to STORE16 or STORE32, for runs of 16 or 32: into the
// panel,
#define PANEL4(at, a, b, c, d) \
	VSTORE a, (at+0*VBYTES)(DI) \
	VSTORE b, (at+1*VBYTES)(DI) \
	VSTORE c, (at+2*VBYTES)(DI) \
	VSTORE d, (at+3*VBYTES)(DI)

#define PANELSTORE16(r, a, b, c, d) PANEL4(RUN16(r), a, b, c, d)
#define PANELSTORE32(r, a, b, c, d) PANEL4(RUN32(r), a, b, c, d)

// or into the product with a token at once. DOT16 is in dot_*.h.
#define ROWSTORE16(r, a, b, c, d) DOT16(r, SCALE16(r), a, b, c, d)
#define ROWSTORE32(r, a, b, c, d) DOT16(r, SCALE32((r)/2), a, b, c, d)

// PAIR stores two signed bytes of each lane of s, as V13 picks them, times 2^log2
// as int16. Clobbers V12.
#define PAIR(s, log2, at) \
	VPSHUFB V13, s, V12         \
	VPSRAW  $(8-log2), V12, V12 \
	VSTORE  V12, at(DI)

// PAIRS16 stores bytes 0 to 3 of each lane of s as pairs of runs j to j+3. V13 is
// bytes01.
#define PAIRS16(j, s, log2) \
	PAIR(s, log2, PAIR16(j/2))   \
	VPSRLD $16, s, s             \
	PAIR(s, log2, PAIR16(j/2+1))

// PAIRS32 stores bytes 0 to 3 of each lane of s as pairs for the runs of 32 j,
// j+step, j+2*step and j+3*step. V13 is bytes00.
#define PAIRS32(j, step, s, log2) \
	PAIR(s, log2, PAIR32(j))        \
	VPSRLD $8, s, s                 \
	PAIR(s, log2, PAIR32(j+step))   \
	VPSRLD $8, s, s                 \
	PAIR(s, log2, PAIR32(j+2*step)) \
	VPSRLD $8, s, s                 \
	PAIR(s, log2, PAIR32(j+3*step))

// SCALES16 and SCALES32 store bytes 0 to 3 of each lane of s as scales of runs j
// to j+3, or of every step-th run from j on. SCALE is in dot_*.h; it clobbers V12.
#define SCALES16(j, s) \
	SCALE(0, s, SCALE16(j))   \
	SCALE(1, s, SCALE16(j+1)) \
	SCALE(2, s, SCALE16(j+2)) \
	SCALE(3, s, SCALE16(j+3))

#define SCALES32(j, step, s) \
	SCALE(0, s, SCALE32(j))        \
	SCALE(1, s, SCALE32(j+step))   \
	SCALE(2, s, SCALE32(j+2*step)) \
	SCALE(3, s, SCALE32(j+3*step))

// HEAD6 stores D, DMin and the scales and minima of 6 bits (see unpackScales6) of
// the 16 bytes at the start of a block.
#define HEAD6 \
	FETCH                                \
	LOADROWS(0)                          \
	VCOPY        V0, V8                  \
	SPLITHALVES(V4, V5)                  \
	VMOVUPS      V4, D32(DI)             \
	VMOVUPS      V5, DMIN32(DI)          \
	BROADCAST16  ·bytes00(SB), V13       \
	VPBROADCASTD ·lowSix(SB), V10        \
	VPBROADCASTD ·bits45(SB), V11        \
	VPSRLD       $2, V1, V4              \
	VPSRLD       $2, V2, V5              \
	VPSRLD       $4, V3, V6              \
	VAND         V10, V1, V1             \
	VAND         V10, V2, V2             \
	VAND         V15, V3, V3             \
	VAND         V11, V4, V4             \
	VAND         V11, V5, V5             \
	VAND         V15, V6, V6             \
	VOR          V4, V3, V3              \
	VOR          V5, V6, V6              \
	SCALES32(0, 1, V1)                   \
	SCALES32(4, 1, V3)                   \
	PAIRS32(0, 1, V2, 0)                 \
	PAIRS32(4, 1, V6, 0)

#define CHUNK_Q4_K(c, m) \
	FETCH                                   \
	LOADROWS(16+32*c+16*m)                  \
	NIBBLES                                 \
	STORE32(4*c+m, V0, V1, V2, V3)    \
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

// SAVEROWS moves what LOADROWS loaded to V8 to V11.
#define SAVEROWS \
	VCOPY V0, V8  \
	VCOPY V1, V9  \
	VCOPY V2, V10 \
	VCOPY V3, V11

// HIGHBITS adds the bits of V8 to V11 that mask has, after a shift, to four vectors
// of weights. Clobbers V12.
#define HIGHBITS1(SHIFT, n, mask, h, q) \
	SHIFT $(n), h, V12   \
	VAND  mask, V12, V12 \
	VOR   V12, q, q

#define HIGHBITS(SHIFT, n, mask, a, b, c, d) \
	HIGHBITS1(SHIFT, n, mask, V8, a)  \
	HIGHBITS1(SHIFT, n, mask, V9, b)  \
	HIGHBITS1(SHIFT, n, mask, V10, c) \
	HIGHBITS1(SHIFT, n, mask, V11, d)

#define CHUNK_Q5_K(c, m, SHIFT0, n0, SHIFT1, n1) \
	FETCH                                    \
	LOADROWS(48+32*c+16*m)                   \
	NIBBLES                                  \
	HIGHBITS(SHIFT0, n0, V14, V0, V1, V2, V3)     \
	HIGHBITS(SHIFT1, n1, V14, V4, V5, V6, V7)     \
	STORE32(4*c+m, V0, V1, V2, V3)     \
	STORE32(4*c+2+m, V4, V5, V6, V7)

#define COLUMN_Q5_K(m) \
	FETCH                              \
	LOADROWS(16+16*m)                  \
	SAVEROWS                           \
	CHUNK_Q5_K(0, m, VPSLLW, 4, VPSLLW, 3) \
	CHUNK_Q5_K(1, m, VPSLLW, 2, VPSLLW, 1) \
	CHUNK_Q5_K(2, m, VPSLLW, 0, VPSRLW, 1) \
	CHUNK_Q5_K(3, m, VPSRLW, 2, VPSRLW, 3)

#define PACK_Q5_K \
	HEAD6                         \
	VPBROADCASTD ·bit4(SB), V14   \
	COLUMN_Q5_K(0)                \
	COLUMN_Q5_K(1)

// QUARTER_Q6_K packs weights 128h + 16m + 32g, 0 ≤ g < 4, and the 15 after each.
#define QUARTER_Q6_K(h, m) \
	FETCH                                  \
	LOADROWS(128+32*h+16*m)                \
	SAVEROWS                               \
	FETCH                                  \
	LOADROWS(64*h+16*m)                    \
	NIBBLES                                \
	HIGHBITS(VPSLLW, 4, V14, V0, V1, V2, V3)    \
	HIGHBITS(VPSLLW, 0, V14, V4, V5, V6, V7)    \
	STORE16(8*h+m, V0, V1, V2, V3)   \
	STORE16(8*h+4+m, V4, V5, V6, V7) \
	FETCH                                  \
	LOADROWS(64*h+32+16*m)                 \
	NIBBLES                                \
	HIGHBITS(VPSLLW, 2, V14, V0, V1, V2, V3)    \
	HIGHBITS(VPSRLW, 2, V14, V4, V5, V6, V7)    \
	STORE16(8*h+2+m, V0, V1, V2, V3) \
	STORE16(8*h+6+m, V4, V5, V6, V7)

#define PACK_Q6_K \
	HALVES(208, V4)                  \
	VMOVUPS      V4, D16(DI)         \
	BROADCAST16  ·bytes01(SB), V13   \
	VPBROADCASTD ·bits45(SB), V14    \
	FETCH                            \
	LOADROWS(192)                    \
	SCALES16(0, V0)                  \
	SCALES16(4, V1)                  \
	SCALES16(8, V2)                  \
	SCALES16(12, V3)                 \
	PAIRS16(0, V0, 5)                \
	PAIRS16(4, V1, 5)                \
	PAIRS16(8, V2, 5)                \
	PAIRS16(12, V3, 5)               \
	QUARTER_Q6_K(0, 0)               \
	QUARTER_Q6_K(0, 1)               \
	QUARTER_Q6_K(1, 0)               \
	QUARTER_Q6_K(1, 1)

// TWOBITS takes bits 2g and 2g+1 of the bytes of V0 to V3 to V4 to V7. V14 is 3 in
// all bytes.
#define TWOBITS1(n, q, v) \
	VPSRLW $(n), q, v  \
	VAND   V14, v, v

#define TWOBITS(g) \
	TWOBITS1(2*g, V0, V4) \
	TWOBITS1(2*g, V1, V5) \
	TWOBITS1(2*g, V2, V6) \
	TWOBITS1(2*g, V3, V7)

#define GROUP_Q2_K(h, m, g) \
	TWOBITS(g)                                 \
	STORE16(8*h+2*g+m, V4, V5, V6, V7)

#define QUARTER_Q2_K(h, m) \
	FETCH                 \
	LOADROWS(16+32*h+16*m) \
	GROUP_Q2_K(h, m, 0)   \
	GROUP_Q2_K(h, m, 1)   \
	GROUP_Q2_K(h, m, 2)   \
	GROUP_Q2_K(h, m, 3)

// HEAD_Q2_K stores scales and minima of runs j to j+3, which are the low and high
// nibbles of s.
#define HEAD_Q2_K(j, s) \
	VPSRLW $4, s, V4    \
	VAND   V15, s, s    \
	VAND   V15, V4, V4  \
	SCALES16(j, s)      \
	PAIRS16(j, V4, 0)

#define PACK_Q2_K \
	DWORDS(80)                       \
	SPLITHALVES(V4, V5)              \
	VMOVUPS      V4, D16(DI)         \
	VMOVUPS      V5, DMIN16(DI)      \
	BROADCAST16  ·bytes01(SB), V13   \
	VPBROADCASTD ·twoBits(SB), V14   \
	FETCH                            \
	LOADROWS(0)                      \
	HEAD_Q2_K(0, V0)                 \
	HEAD_Q2_K(4, V1)                 \
	HEAD_Q2_K(8, V2)                 \
	HEAD_Q2_K(12, V3)                \
	QUARTER_Q2_K(0, 0)               \
	QUARTER_Q2_K(0, 1)               \
	QUARTER_Q2_K(1, 0)               \
	QUARTER_Q2_K(1, 1)

// JOIN16 takes the upper half of a's lanes and the lower half of b's.
#define JOIN16(a, b, v) \
	VPSRLD $16, a, V8 \
	VPSLLD $16, b, v  \
	VOR    V8, v, v

// HEAD_Q3_K stores the scales of runs j to j+3: their low four bits are the nibbles
// in low, their high two bits are in V9, to be shifted. V10 is 32, V14 lowNibbles
// shifted by two.
#define HEAD_Q3_K(j, low, SHIFT, n) \
	SHIFT  $(n), V9, V11    \
	VAND   V14, V11, V11    \
	VAND   V15, low, V12    \
	VOR    V12, V11, V11    \
	VPSUBB V10, V11, V11    \
	SCALES16(j, V11)        \
	PAIRS16(j, V11, 2)

#define GROUP_Q3_K(h, m, g, SHIFT, n) \
	TWOBITS(g)                                \
	HIGHBITS(SHIFT, n, V13, V4, V5, V6, V7)   \
	STORE16(8*h+2*g+m, V4, V5, V6, V7)

#define COLUMN_Q3_K(m) \
	FETCH                            \
	LOADROWS(16*m)                   \
	SAVEROWS                         \
	FETCH                            \
	LOADROWS(32+16*m)                \
	GROUP_Q3_K(0, m, 0, VPSLLW, 2)   \
	GROUP_Q3_K(0, m, 1, VPSLLW, 1)   \
	GROUP_Q3_K(0, m, 2, VPSLLW, 0)   \
	GROUP_Q3_K(0, m, 3, VPSRLW, 1)   \
	FETCH                            \
	LOADROWS(64+16*m)                \
	GROUP_Q3_K(1, m, 0, VPSRLW, 2)   \
	GROUP_Q3_K(1, m, 1, VPSRLW, 3)   \
	GROUP_Q3_K(1, m, 2, VPSRLW, 4)   \
	GROUP_Q3_K(1, m, 3, VPSRLW, 5)

// The last 16 bytes are two of Qs, the 12 of the scales and D.
#define PACK_Q3_K \
	FETCH                            \
	LOADROWS(94)                     \
	JOIN16(V0, V1, V4)               \
	JOIN16(V1, V2, V5)               \
	JOIN16(V2, V3, V6)               \
	VCOPY        V3, V8              \
	SPLITHALVES(V0, V1)              \
	VMOVUPS      V1, D16(DI)         \
	VCOPY        V6, V9              \
	VPSRLW       $4, V4, V6          \
	VPSRLW       $4, V5, V7          \
	BROADCAST16  ·bytes01(SB), V13   \
	VPBROADCASTD ·bits45(SB), V14    \
	VPBROADCASTD ·bit5(SB), V10      \
	HEAD_Q3_K(0, V4, VPSLLW, 4)      \
	HEAD_Q3_K(4, V5, VPSLLW, 2)      \
	HEAD_Q3_K(8, V6, VPSLLW, 0)      \
	HEAD_Q3_K(12, V7, VPSRLW, 2)     \
	VPBROADCASTD ·bit2(SB), V13      \
	VPBROADCASTD ·twoBits(SB), V14   \
	COLUMN_Q3_K(0)                   \
	COLUMN_Q3_K(1)

#define LOOKUP14(v) VPSHUFB v, V14, v

#define CHUNK_IQ4_XS(b) \
	FETCH                                   \
	LOADROWS(8+16*b)                        \
	NIBBLES                                 \
	EACH8(LOOKUP14)                         \
	STORE32(2*b, V0, V1, V2, V3)      \
	STORE32(2*b+1, V4, V5, V6, V7)

// HEAD_IQ4_XS stores the scales of runs j, j+2, j+4 and j+6: their low four bits
// are the nibbles of low, their high two bits are those of V3's bytes 0 and 2
// shifted by n0, and of bytes 1 and 3 shifted by n1.
#define HEAD_IQ4_XS(j, low, SHIFT0, n0, SHIFT1, n1) \
	SHIFT0 $(n0), V3, V4   \
	SHIFT1 $(n1), V3, V5   \
	VAND   V10, V4, V4     \
	VAND   V11, V5, V5     \
	VAND   V15, low, low   \
	VOR    V4, low, low    \
	VOR    V5, low, low    \
	VPSUBB V9, low, low    \
	SCALES32(j, 2, low)    \
	PAIRS32(j, 2, low, 7)

#define PACK_IQ4_XS \
	FETCH                                      \
	LOADROWS(0)                                \
	VCOPY        V0, V8                        \
	SPLITHALVES(V4, V5)                        \
	VMOVUPS      V4, D32(DI)                   \
	BROADCAST16  ·bytes2233(SB), V13           \
	VPSHUFB      V13, V0, V3                   \
	BROADCAST16  ·bytes00(SB), V13             \
	VPBROADCASTD ·bit5(SB), V9                 \
	VPBROADCASTD ·evenBits45(SB), V10          \
	VPSLLW       $8, V10, V11                  \
	VPSRLW       $4, V1, V2                    \
	HEAD_IQ4_XS(0, V1, VPSLLW, 4, VPSLLW, 0)   \
	HEAD_IQ4_XS(1, V2, VPSLLW, 2, VPSRLW, 2)   \
	BROADCAST16  IQ4TABLE, V14                 \
	CHUNK_IQ4_XS(0)                            \
	CHUNK_IQ4_XS(1)                            \
	CHUNK_IQ4_XS(2)                            \
	CHUNK_IQ4_XS(3)                            \
	CHUNK_IQ4_XS(4)                            \
	CHUNK_IQ4_XS(5)                            \
	CHUNK_IQ4_XS(6)                            \
	CHUNK_IQ4_XS(7)

#define QUARTER_TQ2_0(h, m) \
	FETCH                 \
	LOADROWS(32*h+16*m)   \
	GROUP_Q2_K(h, m, 0)   \
	GROUP_Q2_K(h, m, 1)   \
	GROUP_Q2_K(h, m, 2)   \
	GROUP_Q2_K(h, m, 3)

#define ONES_TQ2_0(j) \
	VPBROADCASTD ·ones8(SB), V0 \
	SCALES16(j, V0)             \
	PAIRS16(j, V0, 0)

#define PACK_TQ2_0 \
	HALVES(64, V4)                   \
	VMOVUPS      V4, D16(DI)         \
	BROADCAST16  ·bytes01(SB), V13   \
	VPBROADCASTD ·twoBits(SB), V14   \
	ONES_TQ2_0(0)                    \
	ONES_TQ2_0(4)                    \
	ONES_TQ2_0(8)                    \
	ONES_TQ2_0(12)                   \
	QUARTER_TQ2_0(0, 0)              \
	QUARTER_TQ2_0(0, 1)              \
	QUARTER_TQ2_0(1, 0)              \
	QUARTER_TQ2_0(1, 1)
