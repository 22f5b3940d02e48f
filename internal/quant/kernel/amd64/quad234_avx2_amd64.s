//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights of Q2_K, Q3_K, TQ2_0 and IQ4_XS by the
// activations of a single token, with AVX2 (see quad256_amd64.h). q2_k.go,
// q3_k.go, tq.go and iq4.go have the byte maps of these formats.

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"
#include "parts/rowsums_avx2_amd64.h"

// In Q2_K and Q3_K, bits 2g and 2g+1 of 32 bytes are the weights of group g. They stay at their
// place, so these weights are 4^g times too large. Only group 3 is shifted, to the place of group
// 2. The scales are multiplied by quadTwoBitScales, so that all products are 16 times too large.

// RUN2 adds the product of the weights y with the 32 activations
// at off, times the i-th scales of both halves of Y11, to sum.
#define RUN2(off, i, y, sum) \
	VPMADDUBSW off(R12), y, y                      \
	VPSHUFB    ·quadWords16+((i)*32)(SB), Y11, Y10 \
	VPMADDWD   Y10, y, y                           \
	VPADDD     y, sum, sum

// SPREAD2 spreads the 16 scales in X11 over Y11: those with even numbers
// to the lower half, those with odd numbers to the upper half.
#define SPREAD2(EXTEND) \
	VPSHUFB ·quadEvenOdd(SB), X11, X11      \
	EXTEND  X11, Y11                        \
	VPMULLW ·quadTwoBitScales(SB), Y11, Y11

// HALF2 adds the products of the 128 weights from number off on, which are
// stored at w. Their scales are those from number i on in each half of Y11.
#define HALF2(off, i, w, sum) \
	VMOVDQU w, Y8                     \
	VPAND   Y12, Y8, Y9               \
	RUN2(off, i, Y9, sum)             \
	VPAND   ·quadTwoBits1(SB), Y8, Y9 \
	RUN2(off+32, i+1, Y9, sum)        \
	VPAND   Y14, Y8, Y9               \
	RUN2(off+64, i+2, Y9, sum)        \
	VPSRLW  $2, Y8, Y8                \
	VPAND   Y14, Y8, Y8               \
	RUN2(off+96, i+3, Y8, sum)

// ROW2 sets sum to the sums of a row's products. It sets min to the row's minima times the
// sums of the activations. The scales and minima are at s, and the weights at w and v.
#define ROW2(s, w, v, sum, min) \
	VMOVDQU   s, X11         \
	VPSRLW    $4, X11, X8    \
	VPAND     X15, X8, X8    \
	VPMOVZXBW X8, min        \
	VPMADDWD  (AX), min, min \
	VPAND     X15, X11, X11  \
	SPREAD2(VPMOVZXBW)       \
	VPXOR     sum, sum, sum  \
	HALF2(0, 0, w, sum)      \
	HALF2(128, 4, v, sum)

#define QUAD ·quadQ2_KAVX2
#define QUADCONSTANTS \
	VPBROADCASTD ·twoBits(SB), Y12    \
	VPBROADCASTD ·bits45(SB), Y14     \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define SUPERBLOCK \
	ROW2((SI), 16(SI), 48(SI), Y0, Y4)                   \
	ROW2((SI)(DX*1), 16(SI)(DX*1), 48(SI)(DX*1), Y1, Y5) \
	ROW2((SI)(DX*2), 16(SI)(DX*2), 48(SI)(DX*2), Y2, Y6) \
	ROW2((SI)(R8*1), 16(SI)(R8*1), 48(SI)(R8*1), Y3, Y7) \
	ADDROWS(Y0, Y1, Y2, Y3)                              \
	VPSRAD $4, Y0, Y0                                    \
	ADDROWS(Y4, Y5, Y6, Y7)                              \
	ADDMINSUMS(80)

#define BLOCK 84
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad256_amd64.h"
#undef QUADCONSTANTS

// RUN3 adds the bits of h that are set in mask to the weights y, and then does what RUN2 does.
#define RUN3(off, i, y, h, mask, sum) \
	VPAND mask, h, Y10   \
	VPOR  Y10, y, y      \
	RUN2(off, i, y, sum)

// HALF3 does what HALF2 does, and also adds the third bits. Y5 has
// these bits, and SHIFT0, SHIFT1 and SHIFT2 move them to their places.
#define HALF3(off, i, w, SHIFT0, n0, SHIFT1, n1, SHIFT2, n2, sum) \
	VMOVDQU w, Y8                       \
	SHIFT0  $(n0), Y5, Y4               \
	VPAND   Y12, Y8, Y9                 \
	RUN3(off, i, Y9, Y4, Y6, sum)       \
	SHIFT1  $(n1), Y5, Y4               \
	VPAND   ·quadTwoBits1(SB), Y8, Y9   \
	RUN3(off+32, i+1, Y9, Y4, Y15, sum) \
	VPAND   Y14, Y8, Y9                 \
	VPSRLW  $2, Y8, Y8                  \
	VPAND   Y14, Y8, Y8                 \
	RUN3(off+96, i+3, Y8, Y4, Y7, sum)  \
	SHIFT2  $(n2), Y5, Y4               \
	RUN3(off+64, i+2, Y9, Y4, Y7, sum)

// ROW3 sets sum to the sums of a row's products. The lower two bits of the weights are at w and
// v, and the third bits at h. The 16 bytes at s end with the row's scales and D. The unpacked
// weights are 4 too large, so sum starts at -4 times the scaled sums of the activations.
#define ROW3(h, w, v, s, sum) \
	VMOVDQU   s, X11                                       \
	VPSHUFB   ·quadLowScales3(SB), X11, X8                 \
	VPSHUFB   ·quadHighScales3(SB), X11, X9                \
	VPSRLVQ   ·quadLowShifts3(SB), X8, X8                  \
	VPSRLVD   ·quadHighShifts3(SB), X9, X9                 \
	VPAND     ·quadNibbleBytes(SB), X8, X8                 \
	VPAND     X12, X9, X9                                  \
	VPSLLW    $4, X9, X9                                   \
	VPOR      X9, X8, X11                                  \
	VPSUBB    ·quadBytes32(SB), X11, X11                   \
	VMOVDQU   h, Y5                                        \
	VPMOVSXBW X11, Y8                                      \
	VPMADDWD  (AX), Y8, sum                                \
	VPSLLD    $6, sum, sum                                 \
	VPXOR     Y8, Y8, Y8                                   \
	VPSUBD    sum, Y8, sum                                 \
	SPREAD2(VPMOVSXBW)                                     \
	HALF3(0, 0, w, VPSLLW, 2, VPSLLW, 3, VPSLLW, 4, sum)   \
	HALF3(128, 4, v, VPSRLW, 2, VPSRLW, 1, VPSRLW, 0, sum)

#define QUAD ·quadQ3_KAVX2
#define QUADCONSTANTS \
	VPBROADCASTD ·bit2(SB), Y6     \
	VPSLLW       $4, Y6, Y7        \
	VPBROADCASTD ·twoBits(SB), Y12 \
	VPBROADCASTD ·bits45(SB), Y14  \
	VPBROADCASTD ·bit4(SB), Y15

#define SUPERBLOCK \
	ROW3((SI), 32(SI), 64(SI), 94(SI), Y0)                         \
	ROW3((SI)(DX*1), 32(SI)(DX*1), 64(SI)(DX*1), 94(SI)(DX*1), Y1) \
	ROW3((SI)(DX*2), 32(SI)(DX*2), 64(SI)(DX*2), 94(SI)(DX*2), Y2) \
	ROW3((SI)(R8*1), 32(SI)(R8*1), 64(SI)(R8*1), 94(SI)(R8*1), Y3) \
	ADDROWS(Y0, Y1, Y2, Y3)                                        \
	VPSRAD $4, Y0, Y0                                              \
	ADDROWSUMS(108)

#define BLOCK 110
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad256_amd64.h"
#undef QUADCONSTANTS

// TQ2_0 has only one scale. So the sums of a row stay in int16 until all
// products are added. Each sum is at most 8*2*3*127. The unpacked weights
// are 1 too large, so the sums of the activations are subtracted.

// RUNT adds the product of the lowest bits of y, with the 32 activations at off, to sum.
#define RUNT(off, y, sum) \
	VPAND      Y12, y, y      \
	VPMADDUBSW off(R12), y, y \
	VPADDW     y, sum, sum

#define HALFT(off, w, sum) \
	VMOVDQU w, Y8          \
	VPSRLW  $2, Y8, Y9     \
	VPSRLW  $4, Y8, Y10    \
	VPSRLW  $6, Y8, Y11    \
	RUNT(off, Y8, sum)     \
	RUNT(off+32, Y9, sum)  \
	RUNT(off+64, Y10, sum) \
	RUNT(off+96, Y11, sum)

// ROWT sets sum to the sums of a row's products, minus the sums of
// the activations, which are in Y5. The weights are at w and v.
#define ROWT(w, v, sum) \
	VPXOR    sum, sum, sum \
	HALFT(0, w, sum)       \
	HALFT(128, v, sum)     \
	VPMADDWD Y14, sum, sum \
	VPSUBD   Y5, sum, sum

#define QUAD ·quadTQ2_0AVX2
#define QUADCONSTANTS \
	VPBROADCASTD ·twoBits(SB), Y12 \
	VMOVDQU      ·ones16(SB), Y14

#define SUPERBLOCK \
	VPMADDWD (AX), Y14, Y5             \
	ROWT((SI), 32(SI), Y0)             \
	ROWT((SI)(DX*1), 32(SI)(DX*1), Y1) \
	ROWT((SI)(DX*2), 32(SI)(DX*2), Y2) \
	ROWT((SI)(R8*1), 32(SI)(R8*1), Y3) \
	ADDROWS(Y0, Y1, Y2, Y3)            \
	ADDROWSUMS(64)

#define BLOCK 66
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad256_amd64.h"
#undef QUADCONSTANTS

// In IQ4_XS, 32 bytes have the nibbles of two runs of 32 weights, one run in each half.

// SCALES4 sets the words of Y11 to the scales of rows 0 and 1, and those of Y12 to the scales
// of rows 2 and 3. The lower half has the scales of the even runs, four of the first row and
// then four of the second. The upper half has those of the odd runs. Each word gets a copy of
// ScalesH, shifted so that its upper four bits are those that belong to its byte of ScalesL.
#define SCALES4 \
	VMOVQ       (SI), X4                     \
	VPINSRQ     $1, (SI)(DX*1), X4, X4       \
	VMOVQ       (SI)(DX*2), X5               \
	VPINSRQ     $1, (SI)(R8*1), X5, X5       \
	VINSERTI128 $1, X5, Y4, Y4               \
	VPSHUFB     ·quadLowScales4(SB), Y4, Y5  \
	VPSHUFB     ·quadHighScales4(SB), Y4, Y4 \
	VPMULLW     ·quadHighShifts4(SB), Y4, Y4 \
	VPSRLW      $4, Y5, Y6                   \
	VPAND       Y15, Y5, Y5                  \
	VPSRLW      $8, Y4, Y7                   \
	VPSRLW      $10, Y4, Y4                  \
	VPAND       ·quadWords48(SB), Y7, Y7     \
	VPAND       ·quadWords48(SB), Y4, Y4     \
	VPOR        Y7, Y5, Y5                   \
	VPOR        Y4, Y6, Y6                   \
	VPSUBW      ·quadWords32(SB), Y5, Y5     \
	VPSUBW      ·quadWords32(SB), Y6, Y6     \
	VPERM2I128  $0x20, Y6, Y5, Y11           \
	VPERM2I128  $0x31, Y6, Y5, Y12

// ROW4 adds the products of the weights at w, times the i-th scales of both halves of sc, to sum.
#define ROW4(w, i, sc, sum) \
	VMOVDQU    w, Y4                              \
	VPSRLW     $4, Y4, Y5                         \
	VPAND      Y15, Y4, Y4                        \
	VPAND      Y15, Y5, Y5                        \
	VPSHUFB    Y4, Y14, Y4                        \
	VPSHUFB    Y5, Y14, Y5                        \
	VPSIGNB    Y6, Y4, Y4                         \
	VPSIGNB    Y7, Y5, Y5                         \
	VPMADDUBSW Y4, Y8, Y4                         \
	VPMADDUBSW Y5, Y9, Y5                         \
	VPSHUFB    ·quadWords16+((i)*32)(SB), sc, Y10 \
	VPMADDWD   Y10, Y4, Y4                        \
	VPMADDWD   Y10, Y5, Y5                        \
	VPADDD     Y4, sum, sum                       \
	VPADDD     Y5, sum, sum

// RUNS4 adds the products of runs 2c and 2c+1. A product is |a| times the weight
// with a's sign. The sum of two products is at most 2*127*127, so it fits in int16.
#define RUNS4(c) \
	VMOVDQU     ((c)*64)(R12), X6            \
	VMOVDQU     ((c)*64+16)(R12), X7         \
	VINSERTI128 $1, ((c)*64+32)(R12), Y6, Y6 \
	VINSERTI128 $1, ((c)*64+48)(R12), Y7, Y7 \
	VPABSB      Y6, Y8                       \
	VPABSB      Y7, Y9                       \
	ROW4((8+(c)*32)(SI), c, Y11, Y0)         \
	ROW4((8+(c)*32)(SI)(DX*1), 4+c, Y11, Y1) \
	ROW4((8+(c)*32)(SI)(DX*2), c, Y12, Y2)   \
	ROW4((8+(c)*32)(SI)(R8*1), 4+c, Y12, Y3)

#define QUAD ·quadIQ4_XSAVX2
#define QUADCONSTANTS \
	VBROADCASTI128 ·iq4Values(SB), Y14  \
	VPBROADCASTD   ·lowNibbles(SB), Y15

#define SUPERBLOCK \
	SCALES4                 \
	VPXOR Y0, Y0, Y0        \
	VPXOR Y1, Y1, Y1        \
	VPXOR Y2, Y2, Y2        \
	VPXOR Y3, Y3, Y3        \
	RUNS4(0)                \
	RUNS4(1)                \
	RUNS4(2)                \
	RUNS4(3)                \
	ADDROWS(Y0, Y1, Y2, Y3) \
	ADDROWSUMS(0)

#define BLOCK 136
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad256_amd64.h"
