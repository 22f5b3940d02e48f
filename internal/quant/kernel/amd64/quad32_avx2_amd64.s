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

// NIBBLESUMS are sums of products with weights of 4 bits, in int16: see dot_avx2_amd64.h.
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

// HALFSCALES widens the float16 at the beginning of two blocks of four rows.
#define HALFSCALES(b) \
	VPXOR     X5, X5, X5                          \
	VPINSRW   $0, ((b)*BLOCK)(SI), X5, X5         \
	VPINSRW   $1, ((b)*BLOCK)(SI)(DX*2), X5, X5   \
	VPINSRW   $2, ((b+1)*BLOCK)(SI), X5, X5       \
	VPINSRW   $3, ((b+1)*BLOCK)(SI)(DX*2), X5, X5 \
	VPINSRW   $4, ((b)*BLOCK)(SI)(DX*1), X5, X5   \
	VPINSRW   $5, ((b)*BLOCK)(SI)(R8*1), X5, X5   \
	VPINSRW   $6, ((b+1)*BLOCK)(SI)(DX*1), X5, X5 \
	VPINSRW   $7, ((b+1)*BLOCK)(SI)(R8*1), X5, X5 \
	VCVTPH2PS X5, Y5

#define QUAD ·quadQ4_0AVX2
#define QUADCONSTANTS \
	VMOVDQU      ·ones16(SB), Y13         \
	VPBROADCASTD tileArgs_Offset(R9), Y14 \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define WEIGHTS NIBBLESUMS
#define BLOCK 18
#define HEAD 2
#define ROWSCALES HALFSCALES
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"

// POWERS makes 2^(e-128) of the bytes e at the beginning of two blocks of four rows, see
// SCALES_E.
#define POWERS(b) \
	VPXOR        X5, X5, X5                          \
	VPINSRB      $0, ((b)*BLOCK)(SI), X5, X5         \
	VPINSRB      $1, ((b)*BLOCK)(SI)(DX*2), X5, X5   \
	VPINSRB      $2, ((b+1)*BLOCK)(SI), X5, X5       \
	VPINSRB      $3, ((b+1)*BLOCK)(SI)(DX*2), X5, X5 \
	VPINSRB      $4, ((b)*BLOCK)(SI)(DX*1), X5, X5   \
	VPINSRB      $5, ((b)*BLOCK)(SI)(R8*1), X5, X5   \
	VPINSRB      $6, ((b+1)*BLOCK)(SI)(DX*1), X5, X5 \
	VPINSRB      $7, ((b+1)*BLOCK)(SI)(R8*1), X5, X5 \
	VPMOVZXBD    X5, Y5                              \
	VPBROADCASTD ·powers+0(SB), Y7                   \
	VPBROADCASTD ·powers+4(SB), Y8                   \
	VPBROADCASTD ·powers+8(SB), Y9                   \
	VPSLLD       $21, Y5, Y6                         \
	VPSLLD       $23, Y5, Y5                         \
	VPADDD       Y8, Y6, Y6                          \
	VPSUBD       Y7, Y5, Y5                          \
	VPMINSD      Y9, Y6, Y6                          \
	VPMAXSD      Y6, Y5, Y5

#define QUAD ·quadMXFP4AVX2
#define QUADCONSTANTS \
	VBROADCASTI128 ·mxfp4Unsigned(SB), Y12  \
	VMOVDQU        ·ones16(SB), Y13         \
	VPBROADCASTD   tileArgs_Offset(R9), Y14 \
	VPBROADCASTD   ·lowNibbles(SB), Y15

#define WEIGHTS(w, v, x, y, tx, t) \
	TWOROWS(w, v, x, y)  \
	NIBBLES(y, t)        \
	VPSHUFB    y, Y12, y \
	VPSHUFB    t, Y12, t \
	VPMADDUBSW Y6, y, y  \
	VPMADDUBSW Y7, t, t  \
	VPADDW     t, y, y

#define BLOCK 17
#define HEAD 1
#define ROWSCALES POWERS
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"
#undef ISUMS
#undef ADDSUMS

// Weights of 8 bits are multiplied as |w| * ±a: a product of two is at most
// 2*128*127, which int16 holds, but no sum of such.
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
#define HEAD 2
#define ROWSCALES HALFSCALES
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
#define HEAD 2
#define ROWSCALES HALFSCALES
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"
