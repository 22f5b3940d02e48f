//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The products of 32-wide formats with a single token for AVX2, see
// quad32_avx2_amd64.h.

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"

// TWOROWS loads 16 bytes of two rows.
#define TWOROWS(w, v, x, y) \
	VMOVDQU     w, x        \
	VINSERTI128 $1, v, y, y

// NIBBLES splits the bytes of y into their low halves and, in t, their high ones.
#define NIBBLES(y, t) \
	VPSRLW $4, y, t  \
	VPAND  Y15, y, y \
	VPAND  Y15, t, t

// NIBBLESUMS is WEIGHTS for weights of 4 bits. The sums are in int16, see dot_avx2_amd64.h.
#define NIBBLESUMS(w, v, x, y, tx, t) \
	TWOROWS(w, v, x, y) \
	NIBBLES(y, t)       \
	VPMADDUBSW Y6, y, y \
	VPMADDUBSW Y7, t, t \
	VPADDW     t, y, y

#define ADDSUMS VPADDW
#define ISUMS(b) \
	VPBROADCASTQ ((b)*4)(AX), Y5 \
	VPSHUFD      $0x50, Y5, Y5   \
	VPMULLW      Y14, Y5, Y5     \
	VPADDW       Y5, Y4, Y4      \
	VPMADDWD     Y13, Y4, Y4     \
	VCVTDQ2PS    Y4, Y4

#define QUAD ·quadQ4_0AVX2
#define QUADCONSTANTS \
	VMOVDQU      ·ones16(SB), Y13         \
	VPBROADCASTD tileArgs_Offset(R9), Y14 \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define WEIGHTS NIBBLESUMS
#define BLOCK 18
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"
#undef ISUMS
#undef ADDSUMS

// Weights of 8 bits are multiplied as |w| * ±a. A sum of two products is at most 2*128*127,
// which fits int16; more products do not fit.
#define ADDSUMS VPADDD
#define ISUMS(b) VCVTDQ2PS Y4, Y4

#define BYTESUMS(a, y, t) \
	VPSIGNB    y, a, t   \
	VPABSB     y, y      \
	VPMADDUBSW t, y, y   \
	VPMADDWD   Y13, y, y

#define QUAD ·quadQ8_0AVX2
#define QUADCONSTANTS VMOVDQU ·ones16(SB), Y13
#define WEIGHTS(w, v, x, y, tx, t) \
	TWOROWS(w, v, x, y)        \
	BYTESUMS(Y6, y, t)         \
	TWOROWS(16+w, 16+v, tx, t) \
	BYTESUMS(Y7, t, Y11)       \
	VPADDD t, y, y

#define BLOCK 34
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad32_avx2_amd64.h"

#define QUAD ·quadIQ4_NLAVX2
#define QUADCONSTANTS \
	VMOVDQU        ·ones16(SB), Y13     \
	VBROADCASTI128 ·iq4Values(SB), Y14  \
	VPBROADCASTD   ·lowNibbles(SB), Y15

#define WEIGHTS(w, v, x, y, tx, t) \
	TWOROWS(w, v, x, y)  \
	NIBBLES(y, t)        \
	VPSHUFB y, Y14, y    \
	VPSHUFB t, Y14, t    \
	BYTESUMS(Y6, y, Y11) \
	BYTESUMS(Y7, t, Y11) \
	VPADDD  t, y, y

#define BLOCK 18
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"
