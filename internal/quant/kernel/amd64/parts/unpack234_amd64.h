// This file unpacks Q2_K, Q3_K, IQ4_XS, TQ2_0 and TQ1_0 (see unpack256_amd64.h).

// TWOBITS sets V4 to V7 to bits 2g and 2g+1 of the bytes of V0 to V3. V14 must be 3 in all bytes.
#define TWOBITS1(n, q, v) \
	VPSRLW $(n), q, v \
	VAND   V14, v, v

#define TWOBITS(g) \
	TWOBITS1(2*g, V0, V4) \
	TWOBITS1(2*g, V1, V5) \
	TWOBITS1(2*g, V2, V6) \
	TWOBITS1(2*g, V3, V7)

// GROUP_Q2_K unpacks the 16 weights from number 128h + 32g
// + 16m on. QUARTER_Q2_K does so for each g from 0 to 3.
#define GROUP_Q2_K(h, m, g) \
	TWOBITS(g) \
	STORE16(8*h+2*g+m, V4, V5, V6, V7)

#define QUARTER_Q2_K(h, m) \
	FETCH                  \
	LOADROWS(16+32*h+16*m) \
	GROUP_Q2_K(h, m, 0)    \
	GROUP_Q2_K(h, m, 1)    \
	GROUP_Q2_K(h, m, 2)    \
	GROUP_Q2_K(h, m, 3)

// HEAD_Q2_K stores the scales and minima of runs j to j+3. The scales
// are the low nibbles of s, and the minima are the high nibbles.
#define HEAD_Q2_K(j, s) \
	VPSRLW $4, s, V4   \
	VAND   V15, s, s   \
	VAND   V15, V4, V4 \
	SCALES16(j, s)     \
	PAIRS16(j, V4, 0)

#define PACK_Q2_K \
	DWORDS(80)                     \
	SPLITHALVES(V4, V5)            \
	VMOVUPS      V4, D16(DI)       \
	VMOVUPS      V5, DMIN16(DI)    \
	BROADCAST16  ·bytes01(SB), V13 \
	VPBROADCASTD ·twoBits(SB), V14 \
	FETCH                          \
	LOADROWS(0)                    \
	HEAD_Q2_K(0, V0)               \
	HEAD_Q2_K(4, V1)               \
	HEAD_Q2_K(8, V2)               \
	HEAD_Q2_K(12, V3)              \
	QUARTER_Q2_K(0, 0)             \
	QUARTER_Q2_K(0, 1)             \
	QUARTER_Q2_K(1, 0)             \
	QUARTER_Q2_K(1, 1)

// JOIN16 sets each lane of v to the upper half of a's lane, followed by the lower half of b's lane.
#define JOIN16(a, b, v) \
	VPSRLD $16, a, V8 \
	VPSLLD $16, b, v  \
	VOR    V8, v, v

// HEAD_Q3_K stores the scales of runs j to j+3. The lower four bits of the scales are
// the nibbles in low. The upper two bits are bits 4 and 5 of V9 after a shift. V10 must
// be 32, and V14 must be 0x30, in all bytes. HEAD_Q3_K clobbers V11 and V12.
#define HEAD_Q3_K(j, low, SHIFT, n) \
	SHIFT  $(n), V9, V11 \
	VAND   V14, V11, V11 \
	VAND   V15, low, V12 \
	VOR    V12, V11, V11 \
	VPSUBB V10, V11, V11 \
	SCALES16(j, V11)     \
	PAIRS16(j, V11, 2)

#define GROUP_Q3_K(h, m, g, SHIFT, n) \
	TWOBITS(g)                              \
	HIGHBITS(SHIFT, n, V13, V4, V5, V6, V7) \
	STORE16(8*h+2*g+m, V4, V5, V6, V7)

// COLUMN_Q3_K unpacks the 16 weights from number 32i + 16m
// on, for each 0 ≤ i < 8. V13 must be 4 in all bytes.
#define COLUMN_Q3_K(m) \
	FETCH                          \
	LOADROWS(16*m)                 \
	SAVEROWS                       \
	FETCH                          \
	LOADROWS(32+16*m)              \
	GROUP_Q3_K(0, m, 0, VPSLLW, 2) \
	GROUP_Q3_K(0, m, 1, VPSLLW, 1) \
	GROUP_Q3_K(0, m, 2, VPSLLW, 0) \
	GROUP_Q3_K(0, m, 3, VPSRLW, 1) \
	FETCH                          \
	LOADROWS(64+16*m)              \
	GROUP_Q3_K(1, m, 0, VPSRLW, 2) \
	GROUP_Q3_K(1, m, 1, VPSRLW, 3) \
	GROUP_Q3_K(1, m, 2, VPSRLW, 4) \
	GROUP_Q3_K(1, m, 3, VPSRLW, 5)

// The last 16 bytes of a block are two bytes of Qs, the 12 bytes of the scales, and D.
#define PACK_Q3_K \
	FETCH                          \
	LOADROWS(94)                   \
	JOIN16(V0, V1, V4)             \
	JOIN16(V1, V2, V5)             \
	JOIN16(V2, V3, V6)             \
	VCOPY        V3, V8            \
	SPLITHALVES(V0, V1)            \
	VMOVUPS      V1, D16(DI)       \
	VCOPY        V6, V9            \
	VPSRLW       $4, V4, V6        \
	VPSRLW       $4, V5, V7        \
	BROADCAST16  ·bytes01(SB), V13 \
	VPBROADCASTD ·bits45(SB), V14  \
	VPBROADCASTD ·bit5(SB), V10    \
	HEAD_Q3_K(0, V4, VPSLLW, 4)    \
	HEAD_Q3_K(4, V5, VPSLLW, 2)    \
	HEAD_Q3_K(8, V6, VPSLLW, 0)    \
	HEAD_Q3_K(12, V7, VPSRLW, 2)   \
	VPBROADCASTD ·bit2(SB), V13    \
	VPBROADCASTD ·twoBits(SB), V14 \
	COLUMN_Q3_K(0)                 \
	COLUMN_Q3_K(1)

#define LOOKUP14(v) VPSHUFB v, V14, v

// CHUNK_IQ4_XS unpacks weights 32b to 32b+31. V14 must have the table of values.
#define CHUNK_IQ4_XS(b) \
	FETCH                        \
	LOADROWS(8+16*b)             \
	NIBBLES                      \
	EACH8(LOOKUP14)              \
	STORE32(2*b, V0, V1, V2, V3) \
	STORE32(2*b+1, V4, V5, V6, V7)

// HEAD_IQ4_XS stores the scales of runs j, j+2, j+4 and j+6. The lower four bits
// of the scales are the nibbles of low. Their upper two bits come from bytes 0
// and 2 of each lane of V3, shifted by n0, and from bytes 1 and 3, shifted by n1.
#define HEAD_IQ4_XS(j, low, SHIFT0, n0, SHIFT1, n1) \
	SHIFT0 $(n0), V3, V4 \
	SHIFT1 $(n1), V3, V5 \
	VAND   V10, V4, V4   \
	VAND   V11, V5, V5   \
	VAND   V15, low, low \
	VOR    V4, low, low  \
	VOR    V5, low, low  \
	VPSUBB V9, low, low  \
	SCALES32(j, 2, low)  \
	PAIRS32(j, 2, low, 7)

// PACK_IQ4_XS packs a super-block. It sets V9 to 32 in all bytes, V10 to 0x30 in bytes 0 and
// 2 of each lane, and V11 to 0x30 in bytes 1 and 3. V3 gets each byte of ScalesH twice.
#define PACK_IQ4_XS \
	FETCH                                    \
	LOADROWS(0)                              \
	VCOPY        V0, V8                      \
	SPLITHALVES(V4, V5)                      \
	VMOVUPS      V4, D32(DI)                 \
	BROADCAST16  ·bytes2233(SB), V13         \
	VPSHUFB      V13, V0, V3                 \
	BROADCAST16  ·bytes00(SB), V13           \
	VPBROADCASTD ·bit5(SB), V9               \
	VPBROADCASTD ·evenBits45(SB), V10        \
	VPSLLW       $8, V10, V11                \
	VPSRLW       $4, V1, V2                  \
	HEAD_IQ4_XS(0, V1, VPSLLW, 4, VPSLLW, 0) \
	HEAD_IQ4_XS(1, V2, VPSLLW, 2, VPSRLW, 2) \
	BROADCAST16  IQ4TABLE, V14               \
	CHUNK_IQ4_XS(0)                          \
	CHUNK_IQ4_XS(1)                          \
	CHUNK_IQ4_XS(2)                          \
	CHUNK_IQ4_XS(3)                          \
	CHUNK_IQ4_XS(4)                          \
	CHUNK_IQ4_XS(5)                          \
	CHUNK_IQ4_XS(6)                          \
	CHUNK_IQ4_XS(7)

#define QUARTER_TQ2_0(h, m) \
	FETCH               \
	LOADROWS(32*h+16*m) \
	GROUP_Q2_K(h, m, 0) \
	GROUP_Q2_K(h, m, 1) \
	GROUP_Q2_K(h, m, 2) \
	GROUP_Q2_K(h, m, 3)

// ONES_TQ2_0 stores scales of 1 for runs j to j+3. The pairs, which
// are scales times the offset, are also 1, because the offset is 1.
#define ONES_TQ2_0(j) \
	VPBROADCASTD ·ones8(SB), V0 \
	SCALES16(j, V0)             \
	PAIRS16(j, V0, 0)

#define PACK_TQ2_0 \
	HALVES(64, V4)                 \
	VMOVUPS      V4, D16(DI)       \
	BROADCAST16  ·bytes01(SB), V13 \
	VPBROADCASTD ·twoBits(SB), V14 \
	ONES_TQ2_0(0)                  \
	ONES_TQ2_0(4)                  \
	ONES_TQ2_0(8)                  \
	ONES_TQ2_0(12)                 \
	QUARTER_TQ2_0(0, 0)            \
	QUARTER_TQ2_0(0, 1)            \
	QUARTER_TQ2_0(1, 0)            \
	QUARTER_TQ2_0(1, 1)

// DIGIT sets v to the first digit, in base 3, of each byte of q: floor(3q/256).
// It sets q to 3q modulo 256, which has the remaining digits. 3q does not fit in
// a byte. So DIGIT computes 3q/4, as the average of q and q/2, and divides it by
// 64. VPAVGB rounds up, so DIGIT uses q-1, so that v is not too large. V11 must
// be 0, V13 must be 1 and V14 must be 3 in all bytes. DIGIT clobbers V9 and V10.
#define DIGIT(q, v) \
	VPSUBUSB V13, q, V9   \
	VPAVGB   V11, V9, V10 \
	VPADDB   q, q, v      \
	VPADDB   v, q, q      \
	VPAVGB   V10, V9, v   \
	VPSRLW   $6, v, v     \
	VAND     V14, v, v

// DIGITS unpacks the 16 weights of run r.
#define DIGITS(r) \
	DIGIT(V0, V4) \
	DIGIT(V1, V5) \
	DIGIT(V2, V6) \
	DIGIT(V3, V7) \
	STORE16(r, V4, V5, V6, V7)

// COLUMN_TQ1_0 unpacks 16 bytes at off. The first digits are the
// weights of run r, the second digits those of run r+step, and so on.
#define COLUMN_TQ1_0(off, r, step) \
	FETCH            \
	LOADROWS(off)    \
	DIGITS(r)        \
	DIGITS(r+step)   \
	DIGITS(r+2*step) \
	DIGITS(r+3*step) \
	DIGITS(r+4*step)

#define PACK_TQ1_0 \
	HALVES(52, V4)                 \
	VMOVUPS      V4, D16(DI)       \
	BROADCAST16  ·bytes01(SB), V13 \
	ONES_TQ2_0(0)                  \
	ONES_TQ2_0(4)                  \
	ONES_TQ2_0(8)                  \
	ONES_TQ2_0(12)                 \
	VXOR         V11, V11, V11     \
	VPBROADCASTD ·ones8(SB), V13   \
	VPBROADCASTD ·twoBits(SB), V14 \
	COLUMN_TQ1_0(0, 0, 2)          \
	COLUMN_TQ1_0(16, 1, 2)         \
	COLUMN_TQ1_0(32, 10, 1)        \
	DWORDS(48)                     \
	DIGIT(V8, V4)                  \
	DIGIT(V8, V5)                  \
	DIGIT(V8, V6)                  \
	DIGIT(V8, V7)                  \
	STORE16(15, V4, V5, V6, V7)
