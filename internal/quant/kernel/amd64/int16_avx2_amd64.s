//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with a scale for each 16 weights, for AVX2. The int16
// sums of dot_avx2_amd64.h start at 0 here: each adds 8 products of at most 24*127, which fit.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack_legacy_amd64.h"
#include "parts/unpack256_amd64.h"
#include "parts/unpack16_amd64.h"
#include "parts/rows_avx2_amd64.h"
#include "parts/dot_avx2_amd64.h"

#define ONES ·ones16(SB)

// PAIRSUM sets dword j of each half of v to the sum of activations 4j
// to 4j+3 at q, times the int16 in by. V15 must be 1 in all bytes.
#define PAIRSUM(q, v, by) \
	VBROADCASTI128 q, v      \
	VPMADDUBSW     v, V15, v \
	VPMADDWD       by, v, v

// TOKENSUM sets all lanes of v to the sum of the 16
// activations at q, times -offset. TOKENSUM clobbers t.
#define ADDDWORDS(v, t) \
	VPSHUFD $0x4e, v, t \
	VPADDD  t, v, v     \
	VPSHUFD $0xb1, v, t \
	VPADDD  t, v, v

#define TOKENSUM(q, v, t) \
	PAIRSUM(q, v, V14) \
	ADDDWORDS(v, t)

#define PART (10*VBYTES)
#define TILE ·tile16AVX2
#include "templates/tile16_amd64.h"

#define PARTS 1
#define EACHPART(M) M(0)

#define PACK ·packQ4_2AVX2
#define ROW ·rowQ4_2AVX2
#define UNPACK UNPACK_Q4_2
#define FIRST FIRST_ADJACENT
#define SECOND SECOND_ADJACENT
#define SCALES SCALES_Q4_2
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format16_amd64.h"

#define PARTS 2
#define EACHPART(M) \
	M(0) \
	M(1)

#define PACK ·packNVFP4AVX2
#define ROW ·rowNVFP4AVX2
#define UNPACK UNPACK_NVFP4
#define FIRST FIRST_NVFP4
#define SECOND SECOND_NVFP4
#define SCALES SCALES_NVFP4
#define BLOCK 36
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format16_amd64.h"

// For a format with minima, TOKENSUM sets v to the sum of the activations times their
// scale, in float32. The scale is in V10. The minima are multiplied by this number.
#undef TOKENSUM
#define TOKENSUM(q, v, t) \
	PAIRSUM(q, v, ONES) \
	ADDDWORDS(v, t)     \
	VCVTDQ2PS v, v      \
	VMULPS    V10, v, v

#define MINS
#undef PART
#define PART (12*VBYTES)
#define TILE ·tile16MinAVX2
#include "templates/tile16_amd64.h"

#define PARTS 1
#define EACHPART(M) M(0)

#define PACK ·packQ4_3AVX2
#define ROW ·rowQ4_3AVX2
#define UNPACK UNPACK_Q4_3
#define FIRST FIRST_ADJACENT
#define SECOND SECOND_ADJACENT
#define SCALES SCALES_Q4_3
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format16_amd64.h"
