//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights in blocks of 256 by the activations
// of a single token, with AVX2 (see quad256_amd64.h).

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"
#include "parts/rowsums_avx2_amd64.h"

// q4_k.go and q5_k.go have the byte maps of Q4_K and Q5_K.

// SCALES6 unpacks the scales and minima of the two rows that start at w and v to
// bytes. Each row has a half of y: 8 scales, then 8 minima. SCALES6 clobbers t.
#define SCALES6(w, v, x, y, t) \
	VMOVDQU     w, x                      \
	VINSERTI128 $1, v, y, y               \
	VPSHUFD     $0xa5, y, t               \ // the bytes of scales 0-3 twice, then the bytes of minima 0-3 twice
	VPSHUFD     $0xed, y, y               \ // scales 0-3, low bits of scales 4-7, minima 0-3, low bits of minima 4-7
	VPSRLVD     ·quadShifts+0(SB), y, y   \
	VPAND       ·quadLowBits+0(SB), y, y  \
	VPSRLD      $2, t, t                  \
	VPAND       ·quadHighBits+0(SB), t, t \
	VPOR        t, y, y

// RUN adds the product of the weights y with activations 32s to 32s+31, times scale s, to sum.
#define RUN(s, y, sum) \
	VPMADDUBSW ((s)*32)(R12), y, y               \
	VPSHUFB    ·quadBytes+((s)*32)(SB), Y11, Y10 \
	VPMADDWD   Y10, y, y                         \
	VPADDD     y, sum, sum

// RUNS adds the products of two runs of weights, whose nibbles are the 32
// bytes at w. Their fifth bits are at high. SHIFT by m moves the fifth bits
// of the first run to bit 4, and SHIFT by n those of the second run.
#define RUNS(s, w, high, SHIFT, m, n, sum) \
	VMOVDQU w, Y8             \
	VPAND   Y15, Y8, Y9       \
	FIFTH(high, SHIFT, m, Y9) \
	RUN(s, Y9, sum)           \
	VPSRLW  $4, Y8, Y8        \
	VPAND   Y15, Y8, Y8       \
	FIFTH(high, SHIFT, n, Y8) \
	RUN(s+1, Y8, sum)

// ROWOF sets sum to the sums of a row's products. It sets min to the row's minima times the sums
// of the activations. The argument half makes VPERMQ select the row's scales and minima from y.
#define ROWOF(w0, w1, w2, w3, high, half, y, sum, min) \
	VPERMQ   half, y, Y11                  \
	VPSHUFB  ·quadMins(SB), Y11, min       \
	VPMADDWD (AX), min, min                \
	VPXOR    sum, sum, sum                 \
	RUNS(0, w0, high, VPSLLW, $4, $3, sum) \
	RUNS(2, w1, high, VPSLLW, $2, $1, sum) \
	RUNS(4, w2, high, VPSRLW, $0, $1, sum) \
	RUNS(6, w3, high, VPSRLW, $2, $3, sum)

#define SUPERBLOCK4 \
	SCALES6((SI), (SI)(DX*1), X12, Y12, Y0)                                                                        \
	SCALES6((SI)(DX*2), (SI)(R8*1), X14, Y14, Y0)                                                                  \
	ROWOF(QS(SI), (QS+32)(SI), (QS+64)(SI), (QS+96)(SI), 16(SI), $0x44, Y12, Y0, Y4)                               \
	ROWOF(QS(SI)(DX*1), (QS+32)(SI)(DX*1), (QS+64)(SI)(DX*1), (QS+96)(SI)(DX*1), 16(SI)(DX*1), $0xee, Y12, Y1, Y5) \
	ROWOF(QS(SI)(DX*2), (QS+32)(SI)(DX*2), (QS+64)(SI)(DX*2), (QS+96)(SI)(DX*2), 16(SI)(DX*2), $0x44, Y14, Y2, Y6) \
	ROWOF(QS(SI)(R8*1), (QS+32)(SI)(R8*1), (QS+64)(SI)(R8*1), (QS+96)(SI)(R8*1), 16(SI)(R8*1), $0xee, Y14, Y3, Y7) \
	ADDROWS(Y0, Y1, Y2, Y3)                                                                                        \
	ADDROWS(Y4, Y5, Y6, Y7)                                                                                        \
	ADDMINSUMS(0)

#define QUADCONSTANTS VPBROADCASTD ·lowNibbles(SB), Y15

#define QUAD ·quadQ4_KAVX2
#define FIFTH(high, SHIFT, n, y)
#define QS 16
#define SUPERBLOCK SUPERBLOCK4
#define BLOCK 144
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad256_amd64.h"
#undef FIFTH
#undef QS

#define QUAD ·quadQ5_KAVX2
#define FIFTH(high, SHIFT, n, y) \
	VMOVDQU high, Y10                    \
	SHIFT   n, Y10, Y10                  \
	VPAND   ·quadFifthBits(SB), Y10, Y10 \
	VPOR    Y10, y, y

#define QS 48
#define SUPERBLOCK SUPERBLOCK4
#define BLOCK 176
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112); FETCH4STREAMS(2176)
#include "templates/quad256_amd64.h"
#undef FIFTH
#undef QS
#undef QUADCONSTANTS

// q6_k.go has the byte map of Q6_K. The unpacked weights are 32 too
// large, so 32 times the scaled sums of the activations are subtracted.

// RUN6 adds the product of the weights y with the 32 activations
// at off, times the i-th scales of both halves of Y11, to sum.
#define RUN6(off, i, y, sum) \
	VPMADDUBSW off(R12), y, y                     \
	VPSHUFB    ·quadWords16+((i)*32)(SB), Y11, Y7 \
	VPMADDWD   Y7, y, y                           \
	VPADDD     y, sum, sum

// HIGH6 adds the two high bits in y, which are already in their place, to the low four bits in x.
#define HIGH6(x, y) \
	VPAND Y14, y, y \
	VPOR  y, x, x

// HALF6 adds the products of the 128 weights from number off on. Their low bits are at w and
// v, their high bits at h. Their scales are those from number i on in each half of Y11.
#define HALF6(off, i, w, v, h, sum) \
	VMOVDQU w, Y8              \
	VMOVDQU v, Y9              \
	VMOVDQU h, Y10             \
	VPAND   Y15, Y8, Y4        \
	VPSLLW  $4, Y10, Y5        \
	HIGH6(Y4, Y5)              \
	RUN6(off, i, Y4, sum)      \
	VPAND   Y15, Y9, Y4        \
	VPSLLW  $2, Y10, Y5        \
	HIGH6(Y4, Y5)              \
	RUN6(off+32, i+1, Y4, sum) \
	VPSRLW  $4, Y8, Y8         \
	VPAND   Y15, Y8, Y8        \
	VPAND   Y14, Y10, Y5       \
	VPOR    Y5, Y8, Y8         \
	RUN6(off+64, i+2, Y8, sum) \
	VPSRLW  $4, Y9, Y9         \
	VPAND   Y15, Y9, Y9        \
	VPSRLW  $2, Y10, Y5        \
	HIGH6(Y9, Y5)              \
	RUN6(off+96, i+3, Y9, sum)

// ROW6 sets sum to the sums of a row's products. The scales are at s, the low bits at a, b, d
// and e, and the high bits at c and f. The scales with even numbers go to the first half of Y11.
#define ROW6(s, a, b, c, d, e, f, sum) \
	VMOVDQU   s, X11                     \
	VPSHUFB   ·quadEvenOdd(SB), X11, X11 \
	VPMOVSXBW X11, Y11                   \
	VPXOR     sum, sum, sum              \
	HALF6(0, 0, a, b, c, sum)            \
	HALF6(128, 4, d, e, f, sum)          \
	VPMOVSXBW s, Y8                      \
	VPMADDWD  (AX), Y8, Y8               \
	VPSLLD    $5, Y8, Y8                 \
	VPSUBD    Y8, sum, sum

#define QUAD ·quadQ6_KAVX2
#define QUADCONSTANTS \
	VPBROADCASTD ·bits45(SB), Y14     \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define SUPERBLOCK \
	ROW6(192(SI), (SI), 32(SI), 128(SI), 64(SI), 96(SI), 160(SI), Y0)                                           \
	ROW6(192(SI)(DX*1), (SI)(DX*1), 32(SI)(DX*1), 128(SI)(DX*1), 64(SI)(DX*1), 96(SI)(DX*1), 160(SI)(DX*1), Y1) \
	ROW6(192(SI)(DX*2), (SI)(DX*2), 32(SI)(DX*2), 128(SI)(DX*2), 64(SI)(DX*2), 96(SI)(DX*2), 160(SI)(DX*2), Y2) \
	ROW6(192(SI)(R8*1), (SI)(R8*1), 32(SI)(R8*1), 128(SI)(R8*1), 64(SI)(R8*1), 96(SI)(R8*1), 160(SI)(R8*1), Y3) \
	ADDROWS(Y0, Y1, Y2, Y3)                                                                                     \
	ADDROWSUMS(208)

#define BLOCK 210
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112); FETCH4STREAMS(2176)
#include "templates/quad256_amd64.h"
