//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights in blocks of 32 by the activations of a
// single token, with AVX2 (see the template quad32_avx2_amd64.h).

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"

// TWOROWS loads 16 bytes of two rows.
#define TWOROWS(w, v, x, y) \
	VMOVDQU     w, x        \
	VINSERTI128 $1, v, y, y

// NIBBLES splits the bytes of y: the low nibbles stay in y, and the high nibbles go to t.
#define NIBBLES(y, t) \
	VPSRLW $4, y, t  \
	VPAND  Y15, y, y \
	VPAND  Y15, t, t

// NIBBLESUMS is WEIGHTS for weights of 4 bits. The sums are in int16 (see dot_avx2_amd64.h).
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

// DWORDS8(b) loads the dwords at the start of blocks b and b+1 of the four rows.
#define DWORDS8(b) \
	VPBROADCASTD ((b)*BLOCK)(SI), Y5         \
	VPBROADCASTD ((b)*BLOCK)(SI)(DX*2), Y0   \
	VPBROADCASTD ((b+1)*BLOCK)(SI), Y1       \
	VPBROADCASTD ((b+1)*BLOCK)(SI)(DX*2), Y2 \
	VPBROADCASTD ((b)*BLOCK)(SI)(DX*1), Y3   \
	VPBROADCASTD ((b)*BLOCK)(SI)(R8*1), Y6   \
	VPBROADCASTD ((b+1)*BLOCK)(SI)(DX*1), Y7 \
	VPBROADCASTD ((b+1)*BLOCK)(SI)(R8*1), Y8 \
	VPBLENDD     $0x02, Y0, Y5, Y5           \
	VPBLENDD     $0x08, Y2, Y1, Y1           \
	VPBLENDD     $0x20, Y6, Y3, Y3           \
	VPBLENDD     $0x80, Y8, Y7, Y7           \
	VPBLENDD     $0x0c, Y1, Y5, Y5           \
	VPBLENDD     $0xc0, Y7, Y3, Y3           \
	VPBLENDD     $0xf0, Y3, Y5, Y5

// HALFSCALES(b) loads the scales at the start of blocks b and b+1, which are float16.
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
#define QS 2
#define SCALES HALFSCALES
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"

// The int16 sums of MXFP4 may wrap around while its weights
// include the offset. The sums without the offset fit.
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

// SCALES makes powers of two as SCALES_E in parts/unpack32_amd64.h does.
#define SCALES(b) \
	DWORDS8(b)                     \
	VPBROADCASTD ·powers+0(SB), Y0 \
	VPBROADCASTD ·powers+4(SB), Y1 \
	VPBROADCASTD ·powers+8(SB), Y2 \
	VPSLLD       $24, Y5, Y5       \
	VPSRLD       $1, Y5, Y3        \
	VPSRLD       $3, Y5, Y5        \
	VPSUBD       Y0, Y3, Y3        \
	VPADDD       Y1, Y5, Y5        \
	VPMINSD      Y2, Y5, Y5        \
	VPMAXSD      Y5, Y3, Y5

#define BLOCK 17
#define QS 1
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"

// The int16 sums of Q5_0 may wrap around in the same way.
#define QUAD ·quadQ5_0AVX2
#define QUADCONSTANTS \
	VMOVDQU      ·quadFifthCounts(SB), Y11 \
	VMOVDQU      ·sixteens(SB), Y12        \
	VMOVDQU      ·ones16(SB), Y13          \
	VPBROADCASTD tileArgs_Offset(R9), Y14  \
	VPBROADCASTD ·lowNibbles(SB), Y15

// FIFTHBITS selects fifth bits from Y4 by shuffle, and
// adds them to the nibbles y. FIFTHBITS clobbers Y5.
#define FIFTHBITS(shuffle, y) \
	VPSHUFB shuffle, Y4, Y5            \
	VPAND   ·quadHighBits4(SB), Y5, Y5 \
	VPMINUB Y12, Y5, Y5                \
	VPOR    Y5, y, y

// WEIGHTS first sets each half of Y4 to the fifth bits of one row, and to these bits times 16.
#define WEIGHTS(w, v, x, y, tx, t) \
	VPBROADCASTD -4+w, Y4                \
	VPBROADCASTD -4+v, Y5                \
	VPBLENDD     $0xf0, Y5, Y4, Y4       \
	VPSLLVD      Y11, Y4, Y4             \
	TWOROWS(w, v, x, y)                  \
	NIBBLES(y, t)                        \
	FIFTHBITS(·quadFifthBytes+0(SB), y)  \
	FIFTHBITS(·quadFifthBytes+32(SB), t) \
	VPMADDUBSW   Y6, y, y                \
	VPMADDUBSW   Y7, t, t                \
	VPADDW       t, y, y

#define SCALES HALFSCALES
#define BLOCK 22
#define QS 6
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad32_avx2_amd64.h"
#undef ISUMS

// Q4_1 has minima instead of an offset.
#define MINS
#define ISUMS(b) \
	VPMADDWD  Y13, Y4, Y4 \
	VCVTDQ2PS Y4, Y4

#define QUAD ·quadQ4_1AVX2
#define QUADCONSTANTS \
	VMOVDQU      ·evenWords(SB), Y11  \
	VMOVDQU      ·ones16(SB), Y13     \
	VPBROADCASTD ·lowNibbles(SB), Y15

#define WEIGHTS NIBBLESUMS
#define SCALES(b) \
	DWORDS8(b)                 \
	VPSHUFB      Y11, Y5, Y5   \
	VPERMQ       $0xd8, Y5, Y5 \
	VEXTRACTI128 $1, Y5, X8    \
	VCVTPH2PS    X5, Y5        \
	VCVTPH2PS    X8, Y8

#define BLOCK 20
#define QS 4
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad32_avx2_amd64.h"
#undef MINS
#undef ISUMS
#undef ADDSUMS

// Weights w of 8 bits are multiplied as |w| times the activation with w's sign. The sum of two
// products is at most 2*128*127, which fits in int16. The sum of more products does not fit.
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
#define QS 2
#define SCALES HALFSCALES
#define FETCH FETCH4STREAMS(2048); FETCH4STREAMS(2112)
#include "templates/quad32_avx2_amd64.h"

// The weights of IQ4_NL are between -127 and 127, so they can be multiplied as |a|
// times the weight with a's sign. Then four rows share one computation of |a|.
#define MAGNITUDES \
	VPABSB Y6, Y4 \
	VPABSB Y7, Y5

#define QUAD ·quadIQ4_NLAVX2
#define QUADCONSTANTS \
	VMOVDQU        ·ones16(SB), Y13     \
	VBROADCASTI128 ·iq4Values(SB), Y14  \
	VPBROADCASTD   ·lowNibbles(SB), Y15

#define WEIGHTS(w, v, x, y, tx, t) \
	TWOROWS(w, v, x, y)  \
	NIBBLES(y, t)        \
	VPSHUFB    y, Y14, y \
	VPSHUFB    t, Y14, t \
	VPSIGNB    Y6, y, y  \
	VPSIGNB    Y7, t, t  \
	VPMADDUBSW y, Y4, y  \
	VPMADDUBSW t, Y5, t  \
	VPMADDWD   Y13, y, y \
	VPMADDWD   Y13, t, t \
	VPADDD     t, y, y

#define BLOCK 18
#define QS 2
#define SCALES HALFSCALES
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx2_amd64.h"
