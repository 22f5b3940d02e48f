//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights in blocks of 32 by the
// activations of a few tokens, with AVX2 (see few32_amd64.h).

#include "parts/fetch_amd64.h"

// FEWBYTES is the size of a packed block in bytes.
#define FEWBYTES 704

// FEWLOAD loads 16 bytes at off of each of 8 rows. It leaves bytes 0 to 3
// of each row in Y11, 4 to 7 in Y12, 8 to 11 in Y9, and 12 to 15 in Y8.
#define FEWLOAD(off) \
	VMOVDQU     off(SI), X8                  \
	VMOVDQU     off(SI)(DX*1), X9            \
	VMOVDQU     off(SI)(DX*2), X10           \
	VMOVDQU     off(SI)(R8*1), X11           \
	VINSERTI128 $1, off(R13), Y8, Y8         \
	VINSERTI128 $1, off(R13)(DX*1), Y9, Y9   \
	VINSERTI128 $1, off(R13)(DX*2), Y10, Y10 \
	VINSERTI128 $1, off(R13)(R8*1), Y11, Y11 \
	VPUNPCKLDQ  Y9, Y8, Y12                  \
	VPUNPCKHDQ  Y9, Y8, Y8                   \
	VPUNPCKLDQ  Y11, Y10, Y9                 \
	VPUNPCKHDQ  Y11, Y10, Y10                \
	VPUNPCKLQDQ Y9, Y12, Y11                 \
	VPUNPCKHQDQ Y9, Y12, Y12                 \
	VPUNPCKLQDQ Y10, Y8, Y9                  \
	VPUNPCKHQDQ Y10, Y8, Y8

// FEWNIBBLES stores the low nibbles of the bytes of y in the packed block,
// and the high nibbles 256 bytes later. at is the offset of the low nibbles.
#define FEWNIBBLES(y, at) \
	VPSRLW  $4, y, Y10         \
	VPAND   Y15, y, y          \
	VPAND   Y15, Y10, Y10      \
	VMOVDQU y, (at)(R14)       \
	VMOVDQU Y10, (at+256)(R14)

#define FEWPACKNIBBLES(off, h) \
	FEWLOAD(off)             \
	FEWNIBBLES(Y11, 32*h)    \
	FEWNIBBLES(Y12, 32*h+64) \
	FEWNIBBLES(Y9, 32*h+128) \
	FEWNIBBLES(Y8, 32*h+192)

// HALF copies the float16 scale of row i through BP, because the vector units are the
// bottleneck. FEWSCALES reads the copy one block later, when it has reached the cache.
#define HALF(row, i) \
	MOVWLZX row, BP              \
	MOVW    BP, (512+2*(i))(R14)

#define HALVES8(i) \
	HALF((SI), i)          \
	HALF((SI)(DX*1), i+1)  \
	HALF((SI)(DX*2), i+2)  \
	HALF((SI)(R8*1), i+3)  \
	HALF((R13), i+4)       \
	HALF((R13)(DX*1), i+5) \
	HALF((R13)(DX*2), i+6) \
	HALF((R13)(R8*1), i+7)

#define NEXTROWS \
	LEAQ (SI)(DX*8), SI   \
	LEAQ (R13)(DX*8), R13

// The products of unsigned weights are computed as in dot_avx2_amd64.h.

#define WEIGHTS_UNSIGNED(i) \
	VMOVDQU (64*i)(DI), Y8    \
	VMOVDQU (64*i+32)(DI), Y9

#define DOT_UNSIGNED(q, a, b) \
	VPBROADCASTD q, Y10       \
	VPMADDUBSW   Y10, Y8, Y11 \
	VPMADDUBSW   Y10, Y9, Y12 \
	VPADDW       Y11, a, a    \
	VPADDW       Y12, b, b

#define FIRST_UNSIGNED(q, a, b) \
	VPBROADCASTD q, Y10     \
	VPMADDUBSW   Y10, Y8, a \
	VPMADDUBSW   Y10, Y9, b

#define FEWSCALES_D \
	VCVTPH2PS 512(DI), Y8 \
	VCVTPH2PS 528(DI), Y9 \
	VMOVUPS   Y8, 576(DI) \
	VMOVUPS   Y9, 608(DI)

#define FEW ·directQ4_0AVX2
#define FEWPAIRS tileArgs_Pairs
#define FEWSCALES FEWSCALES_D
#define FEWCONSTANTS(t) \
	VPBROADCASTD tileArgs_Offset(t), Y14 \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define PACK0 FEWPACKNIBBLES(2, 0)
#define PACK1 HALVES8(0)
#define PACK2 NEXTROWS
#define PACK3 FEWPACKNIBBLES(2, 1)
#define PACK4 HALVES8(8)
#define PACK5
#define BLOCK 18
#define FETCH FETCH5
#define FEWWEIGHTS WEIGHTS_UNSIGNED
#define FEWDOT DOT_UNSIGNED
#define FEWFIRST FIRST_UNSIGNED
#define FEWISUMS(pairs, a, b) \
	VPBROADCASTD pairs, Y11        \
	VPMULLW      Y14, Y11, Y11     \
	VPADDW       Y11, a, a         \
	VPADDW       Y11, b, b         \
	VPMADDWD     ·ones16(SB), a, a \
	VPMADDWD     ·ones16(SB), b, b

#include "templates/few32_amd64.h"

// SCALEMIN copies the scale and the minimum of row i together.
#define SCALEMIN(row, i) \
	MOVL row, BP              \
	MOVL BP, (512+4*(i))(R14)

#define SCALEMINS8(i) \
	SCALEMIN((SI), i)          \
	SCALEMIN((SI)(DX*1), i+1)  \
	SCALEMIN((SI)(DX*2), i+2)  \
	SCALEMIN((SI)(R8*1), i+3)  \
	SCALEMIN((R13), i+4)       \
	SCALEMIN((R13)(DX*1), i+5) \
	SCALEMIN((R13)(DX*2), i+6) \
	SCALEMIN((R13)(R8*1), i+7)

// FEWSPLIT converts the scales and minima of 8 rows to float32.
#define FEWSPLIT(h) \
	VMOVDQU      (512+32*h)(DI), Y8 \
	VPSRLD       $16, Y8, Y9        \
	VPXOR        Y10, Y10, Y10      \
	VPBLENDW     $0xaa, Y10, Y8, Y8 \
	VPACKUSDW    Y9, Y8, Y8         \
	VPERMQ       $0xd8, Y8, Y8      \
	VEXTRACTI128 $1, Y8, X9         \
	VCVTPH2PS    X8, Y8             \
	VCVTPH2PS    X9, Y9             \
	VMOVUPS      Y8, (576+32*h)(DI) \
	VMOVUPS      Y9, (640+32*h)(DI)

#define MINS
#define FEW ·directQ4_1AVX2
#define FEWPAIRS tileArgs_DS
#define FEWSCALES \
	FEWSPLIT(0) \
	FEWSPLIT(1)

#define FEWCONSTANTS(t) \
	VMOVDQU      ·ones16(SB), Y14     \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define PACK0 FEWPACKNIBBLES(4, 0)
#define PACK1 SCALEMINS8(0)
#define PACK2 NEXTROWS
#define PACK3 FEWPACKNIBBLES(4, 1)
#define PACK4 SCALEMINS8(8)
#define PACK5
#define BLOCK 20
#define FETCH FETCH5
#define FEWWEIGHTS WEIGHTS_UNSIGNED
#define FEWDOT DOT_UNSIGNED
#define FEWFIRST FIRST_UNSIGNED
#define FEWISUMS(pairs, a, b) \
	VPMADDWD Y14, a, a \
	VPMADDWD Y14, b, b

#include "templates/few32_amd64.h"
#undef MINS

// Weights w of 8 bits are multiplied as |w| times the
// activation a with w's sign (see dot_avx2signed_amd64.h).

#define FEWSTORE4(at) \
	VMOVDQU Y11, (at)(R14)    \
	VMOVDQU Y12, (at+64)(R14) \
	VMOVDQU Y9, (at+128)(R14) \
	VMOVDQU Y8, (at+192)(R14)

#define FEWPACKBYTES(off, h) \
	FEWLOAD(off)        \
	FEWSTORE4(32*h)     \
	FEWLOAD(off+16)     \
	FEWSTORE4(32*h+256)

#define FEW ·directQ8_0AVX2
#define FEWPAIRS tileArgs_Pairs
#define FEWSCALES FEWSCALES_D
#define FEWCONSTANTS(t) VMOVDQU ·ones16(SB), Y15
#define PACK0 FEWPACKBYTES(2, 0)
#define PACK1 HALVES8(0)
#define PACK2 NEXTROWS
#define PACK3 FEWPACKBYTES(2, 1)
#define PACK4 HALVES8(8)
#define PACK5
#define BLOCK 34
#define FETCH FETCH9
#define FEWWEIGHTS(i) \
	VMOVDQU (64*i)(DI), Y8    \
	VMOVDQU (64*i+32)(DI), Y9 \
	VPABSB  Y8, Y12           \
	VPABSB  Y9, Y13

#define FEWDOT(q, a, b) \
	VPBROADCASTD q, Y10        \
	VPSIGNB      Y8, Y10, Y11  \
	VPSIGNB      Y9, Y10, Y10  \
	VPMADDUBSW   Y11, Y12, Y11 \
	VPMADDUBSW   Y10, Y13, Y10 \
	VPMADDWD     Y15, Y11, Y11 \
	VPMADDWD     Y15, Y10, Y10 \
	VPADDD       Y11, a, a     \
	VPADDD       Y10, b, b

#define FEWFIRST(q, a, b) \
	VPBROADCASTD q, Y10        \
	VPSIGNB      Y8, Y10, Y11  \
	VPSIGNB      Y9, Y10, Y10  \
	VPMADDUBSW   Y11, Y12, Y11 \
	VPMADDUBSW   Y10, Y13, Y10 \
	VPMADDWD     Y15, Y11, a   \
	VPMADDWD     Y15, Y10, b

#define FEWISUMS(pairs, a, b)
#include "templates/few32_amd64.h"
