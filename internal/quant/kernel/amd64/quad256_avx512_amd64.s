//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights in blocks of 256 by the activations
// of a single token, with AVX-512 VNNI (see quad256_amd64.h).

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"

// ADDROWS takes the sums of four rows in Z0 to Z3. It adds the dwords of each of these
// vectors, and leaves the four results as float32 in X5. ADDROWS clobbers Z6 and Z7.
#define ADDROWS \
	VPUNPCKLDQ    Z1, Z0, Z5 \
	VPUNPCKHDQ    Z1, Z0, Z6 \
	VPADDD        Z6, Z5, Z5 \
	VPUNPCKLDQ    Z3, Z2, Z6 \
	VPUNPCKHDQ    Z3, Z2, Z7 \
	VPADDD        Z7, Z6, Z6 \
	VPUNPCKLQDQ   Z6, Z5, Z7 \
	VPUNPCKHQDQ   Z6, Z5, Z5 \
	VPADDD        Z7, Z5, Z5 \ // in each lane, dword j belongs to row j
	VEXTRACTI64X4 $1, Z5, Y6 \
	VPADDD        Y6, Y5, Y5 \
	VEXTRACTI128  $1, Y5, X6 \
	VPADDD        X6, X5, X5 \
	VCVTDQ2PS     X5, X5

// q4_k.go and q5_k.go have the byte maps of Q4_K and Q5_K. A vector of 64 bytes has
// the nibbles of runs 0 to 3 or of runs 4 to 7. Each run has 32 weights. The low
// nibbles belong to the two even runs, and the high nibbles to the two odd runs.

// SCALES6 unpacks the scales and minima of four rows to bytes. Lane j of Z12 holds the 8 scales
// of row j, then its 8 minima. Z14 keeps the rows' first 16 bytes. SCALES6 clobbers Z0.
#define SCALES6 \
	VMOVDQU      (SI), X14                \
	VINSERTI32X4 $1, (SI)(DX*1), Z14, Z14 \
	VINSERTI32X4 $2, (SI)(DX*2), Z14, Z14 \
	VINSERTI32X4 $3, (SI)(R8*1), Z14, Z14 \
	VPSHUFD      $0xa5, Z14, Z0           \ // the bytes of scales 0-3 twice, then the bytes of minima 0-3 twice
	VPSHUFD      $0xed, Z14, Z12          \ // scales 0-3, low bits of scales 4-7, minima 0-3, low bits of minima 4-7
	VPSRLVD      Z25, Z12, Z12            \
	VPANDD       Z26, Z12, Z12            \
	VPSRLD       $2, Z0, Z0               \
	VPTERNLOGD   $0xf8, Z27, Z0, Z12

// ACTIVATIONS loads the token's next 256 activations in the order of the weights.
#define ACTIVATIONS \
	VMOVDQU64    (R12), Y16             \
	VINSERTI64X4 $1, 64(R12), Z16, Z16  \
	VMOVDQU64    32(R12), Y17           \
	VINSERTI64X4 $1, 96(R12), Z17, Z17  \
	VMOVDQU64    128(R12), Y18          \
	VINSERTI64X4 $1, 192(R12), Z18, Z18 \
	VMOVDQU64    160(R12), Y19          \
	VINSERTI64X4 $1, 224(R12), Z19, Z19

// RUNS2 adds the product of the weights y with the activations x, times two scales, to sum.
// The argument shuffle spreads the scales over the weights' lanes.
#define RUNS2(x, shuffle, y, sum) \
	VPSHUFB    shuffle, Z11, Z10 \
	VPMADDUBSW x, y, y           \
	VPDPWSSD   Z10, y, sum

// ROWOF sets sum to the sums of row j's products. The row's nibbles are
// at w and v, its fifth bits at high, and its scales in lane j of Z12.
#define ROWOF(j, w, v, high, sum) \
	VSHUFI32X4 $(j*0x55), Z12, Z12, Z11 \
	LOADFIFTH(high)                     \
	VMOVDQU64  w, Z5                    \
	VMOVDQU64  v, Z7                    \
	VPSRLW     $4, Z5, Z6               \
	VPSRLW     $4, Z7, Z8               \
	VPANDD     Z24, Z5, Z5              \
	VPANDD     Z24, Z6, Z6              \
	VPANDD     Z24, Z7, Z7              \
	VPANDD     Z24, Z8, Z8              \
	FIFTH(VPSLLVW, 0, Z5)               \
	FIFTH(VPSLLVW, 1, Z6)               \
	FIFTH(VPSRLVW, 2, Z7)               \
	FIFTH(VPSRLVW, 3, Z8)               \
	VPXORD     sum, sum, sum            \
	RUNS2(Z16, Z20, Z5, sum)            \
	RUNS2(Z17, Z21, Z6, sum)            \
	RUNS2(Z18, Z22, Z7, sum)            \
	RUNS2(Z19, Z23, Z8, sum)

#define SUPERBLOCK4 \
	SCALES6                                                     \
	ACTIVATIONS                                                 \
	VMOVDQU      (AX), X4                                       \ // minima times sums of activations: row j in lane j
	VPHADDW      16(AX), X4, X4                                 \
	VSHUFI32X4   $0, Z4, Z4, Z4                                 \
	VPSHUFB      Z28, Z12, Z9                                   \
	VPMADDWD     Z9, Z4, Z4                                     \
	VPSHUFD      $0x4e, Z4, Z9                                  \
	VPADDD       Z9, Z4, Z4                                     \
	VPSHUFD      $0xb1, Z4, Z9                                  \
	VPADDD       Z9, Z4, Z4                                     \
	VPERMD       Z4, Z29, Z4                                    \
	ROWOF(0, QS(SI), (QS+64)(SI), 16(SI), Z0)                   \
	ROWOF(1, QS(SI)(DX*1), (QS+64)(SI)(DX*1), 16(SI)(DX*1), Z1) \
	ROWOF(2, QS(SI)(DX*2), (QS+64)(SI)(DX*2), 16(SI)(DX*2), Z2) \
	ROWOF(3, QS(SI)(R8*1), (QS+64)(SI)(R8*1), 16(SI)(R8*1), Z3) \
	ADDROWS                                                     \
	VCVTDQ2PS    X4, X4                                         \
	VPERMD       Z14, Z29, Z9                                   \
	VPSHUFB      ·quadScalePairs(SB), X9, X9                    \
	VCVTPH2PS    X9, Y9                                         \ // D, DMin
	VBROADCASTSS (CX), Y10                                      \
	VMULPS       Y10, Y9, Y9                                    \
	VFMADD231PS  X9, X5, X13                                    \
	VEXTRACTF128 $1, Y9, X9                                     \
	VFNMADD231PS X9, X4, X13

#define TWO(from, y, z) \
	VMOVDQU64    ·quadBytes+((from)*32)(SB), y          \
	VINSERTI64X4 $1, ·quadBytes+((from+2)*32)(SB), z, z

#define CONSTANTS4 \
	TWO(0, Y20, Z20)                       \
	TWO(1, Y21, Z21)                       \
	TWO(4, Y22, Z22)                       \
	TWO(5, Y23, Z23)                       \
	VPBROADCASTD    ·lowNibbles(SB), Z24   \
	VBROADCASTI32X4 ·quadShifts(SB), Z25   \
	VBROADCASTI32X4 ·quadLowBits(SB), Z26  \
	VBROADCASTI32X4 ·quadHighBits(SB), Z27 \
	VBROADCASTI32X4 ·quadMinBytes(SB), Z28 \
	VMOVDQU64       ·quadLanes(SB), Z29

#define QUAD ·quadQ4_KAVX512
#define QUADCONSTANTS CONSTANTS4
#define LOADFIFTH(high)
#define FIFTH(SHIFT, i, y)
#define QS 16
#define SUPERBLOCK SUPERBLOCK4
#define BLOCK 144
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad256_amd64.h"
#undef LOADFIFTH
#undef FIFTH
#undef QS
#undef QUADCONSTANTS

#define QUAD ·quadQ5_KAVX512
#define QUADCONSTANTS \
	CONSTANTS4                           \
	VPBROADCASTQ ·quadFifthBits(SB), Z30

#define LOADFIFTH(high) VBROADCASTI64X4 high, Z15
#define FIFTH(SHIFT, i, y) \
	SHIFT      ·quadFifthShifts+((i)*64)(SB), Z15, Z9 \
	VPTERNLOGD $0xf8, Z30, Z9, y

#define QS 48
#define SUPERBLOCK SUPERBLOCK4
#define BLOCK 176
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112); FETCH4STREAMS(2176)
#include "templates/quad256_amd64.h"
#undef LOADFIFTH
#undef FIFTH
#undef QS
#undef QUADCONSTANTS

// q6_k.go has the byte map of Q6_K. The unpacked weights are 32 too
// large, so 32 times the scaled sums of the activations are subtracted.

// RUNS4 adds the product of the 64 weights y with the activations at off, times four scales,
// to sum. The argument words makes VPERMW select the scales.
#define RUNS4(off, words, y, sum) \
	VPERMW     Z11, words, Z10  \
	VPMADDUBSW (off)(R12), y, y \
	VPDPWSSD   Z10, y, sum

// HALF6 adds the products of the 128 weights from number
// off on. Their low bits are at w, their high bits at h.
#define HALF6(off, w, h, words, more, sum) \
	VMOVDQU64       w, Z5              \
	VBROADCASTI64X4 h, Z7              \
	VPSRLW          $4, Z5, Z6         \
	VPSLLVW         Z26, Z7, Z8        \
	VPSRLVW         Z27, Z7, Z7        \
	VPANDD          Z24, Z5, Z5        \
	VPANDD          Z24, Z6, Z6        \
	VPTERNLOGD      $0xf8, Z25, Z8, Z5 \
	VPTERNLOGD      $0xf8, Z25, Z7, Z6 \
	RUNS4(off, words, Z5, sum)         \
	RUNS4(off+64, more, Z6, sum)

// ROW6 sets sum to the sums of a row's products. The scales are at s, the
// low bits at w and v, and the high bits at h and g. ROW6 also adds -32
// times the scaled sums of the activations to ysum, the lower half of sum.
#define ROW6(s, w, h, v, g, sum, ysum) \
	VPMOVSXBW s, Y11                \
	VPXORD    sum, sum, sum         \
	VPDPWSSD  Y16, Y11, ysum        \
	VPDPWSSD  Y16, Y11, ysum        \
	HALF6(0, w, h, Z20, Z21, sum)   \
	HALF6(128, v, g, Z22, Z23, sum)

#define QUAD ·quadQ6_KAVX512
#define QUADCONSTANTS \
	VMOVDQU64    ·quadLaneWords+0(SB), Z20     \
	VMOVDQU64    ·quadLaneWords+64(SB), Z21    \
	VMOVDQU64    ·quadLaneWords+128(SB), Z22   \
	VMOVDQU64    ·quadLaneWords+192(SB), Z23   \
	VPBROADCASTD ·lowNibbles(SB), Z24          \
	VPBROADCASTD ·bits45(SB), Z25              \
	VMOVDQU64    ·quadFifthShifts+0(SB), Z26   \
	VMOVDQU64    ·quadFifthShifts+128(SB), Z27 \
	VPXORD       Z28, Z28, Z28

#define SUPERBLOCK \
	VMOVDQU64   (AX), Y16                                                               \
	VPSLLW      $4, Y16, Y16                                                            \
	VPSUBW      Y16, Y28, Y16                                                           \ // -16 times the sums, which fit in 16 bits; -32 times the sums would not fit
	ROW6(192(SI), (SI), 128(SI), 64(SI), 160(SI), Z0, Y0)                               \
	ROW6(192(SI)(DX*1), (SI)(DX*1), 128(SI)(DX*1), 64(SI)(DX*1), 160(SI)(DX*1), Z1, Y1) \
	ROW6(192(SI)(DX*2), (SI)(DX*2), 128(SI)(DX*2), 64(SI)(DX*2), 160(SI)(DX*2), Z2, Y2) \
	ROW6(192(SI)(R8*1), (SI)(R8*1), 128(SI)(R8*1), 64(SI)(R8*1), 160(SI)(R8*1), Z3, Y3) \
	ADDROWS                                                                             \
	QUADSCALES(208)                                                                     \
	VFMADD231PS X9, X5, X13

#define BLOCK 210
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112); FETCH4STREAMS(2176)
#include "templates/quad256_amd64.h"
