//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with blocks of 32, except Q5_1, for AVX-512 VNNI.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack_legacy_amd64.h"
#include "parts/rows_avx512_amd64.h"
#include "parts/dot_avx512_amd64.h"
#include "parts/group_avx512_amd64.h"

#define PANEL (9*VBYTES)
#define TILE ·tile32AVX512
#include "templates/tile32_amd64.h"

#define PACK ·packQ4_0AVX512
#define ROW ·rowQ4_0AVX512
#define UNPACK UNPACK_Q4_0
#define SCALES SCALES_D
#define BLOCK 18
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packQ5_0AVX512
#define ROW ·rowQ5_0AVX512
#define UNPACK UNPACK_Q5_0
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "templates/format32_amd64.h"

#define PACK ·packMXFP4AVX512
#define ROW ·rowMXFP4AVX512
#define UNPACK UNPACK_MXFP4
#define SCALES SCALES_E
#define BLOCK 17
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packQ8_0AVX512
#define ROW ·rowQ8_0AVX512
#define UNPACK UNPACK_Q8_0
#define SCALES SCALES_D
#define BLOCK 34
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH9
#include "templates/format32_amd64.h"

#define PACK ·packIQ4_NLAVX512
#define ROW ·rowIQ4_NLAVX512
#define UNPACK UNPACK_IQ4_NL
#define SCALES SCALES_D
#define BLOCK 18
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format32_amd64.h"

// The formats of 2023 follow. Their panels are the same
// as those of today's formats, so they share the tiles.

#define PACK ·packQ4_0v1AVX512
#define DIRECT ·directQ4_0v1AVX512
#define ROW ·rowQ4_0v1AVX512
#define UNPACK UNPACK_Q4_0v1
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packQ4_0v2AVX512
#define DIRECT ·directQ4_0v2AVX512
#define ROW ·rowQ4_0v2AVX512
#define UNPACK UNPACK_Q4_0v2
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packQ5_0v1AVX512
#define DIRECT ·directQ5_0v1AVX512
#define ROW ·rowQ5_0v1AVX512
#define UNPACK UNPACK_Q5_0v1
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "templates/format32_amd64.h"

#define PACK ·packQ8_0v1AVX512
#define DIRECT ·directQ8_0v1AVX512
#define ROW ·rowQ8_0v1AVX512
#define UNPACK UNPACK_Q8_0v1
#define SCALES SCALES_F
#define BLOCK 36
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH9
#include "templates/format32_amd64.h"

#undef PANEL
#define PANEL (10*VBYTES)
#define MINS
#define TILE ·tile32MinAVX512
#include "templates/tile32_amd64.h"

#define PACK ·packQ4_1AVX512
#define ROW ·rowQ4_1AVX512
#define UNPACK UNPACK_Q4_1
#define SCALES SCALES_DM
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packQ4_1v1AVX512
#define DIRECT ·directQ4_1v1AVX512
#define ROW ·rowQ4_1v1AVX512
#define UNPACK UNPACK_Q4_1v1
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "templates/format32_amd64.h"

#define PACK ·packQ4_1v2AVX512
#define DIRECT ·directQ4_1v2AVX512
#define ROW ·rowQ4_1v2AVX512
#define UNPACK UNPACK_Q4_1v2
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "templates/format32_amd64.h"

// The products with a few tokens follow (see few32_avx512_amd64.h).

#undef MINS

// COPYHALF copies a scale, COPYPAIR copies a scale and a minimum, and COPYBYTE copies an exponent.
#define COPYHALF(row, i) \
	MOVWLZX row, BP          \
	MOVW    BP, (2*(i))(R14)

#define COPYPAIR(row, i) \
	MOVL row, BP          \
	MOVL BP, (4*(i))(R14)

#define COPYBYTE(row, i) \
	MOVBLZX row, BP      \
	MOVB    BP, (i)(R14)

#define FEWSCALES_D(h, d, m) VCVTPH2PS (32*h)(R14), d

#define FEWSCALES_DM(h, d, m) \
	VMOVDQU64 (64*h)(R14), Z8 \
	VPMOVDW   Z8, Y11         \
	VCVTPH2PS Y11, d          \
	VPSRLD    $16, Z8, Z8     \
	VPMOVDW   Z8, Y11         \
	VCVTPH2PS Y11, m

#define FEWSCALES_E(h, d, m) \
	VPMOVZXBD (16*h)(R14), Z8 \
	POWERS_E(d)

#define FEW ·directQ4_0AVX512
#define UNPACK UNPACK_Q4_0
#define BLOCK 18
#define FETCH FETCH9
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/few32_avx512_amd64.h"

#define TWO ·twoQ4_0AVX512
#define FOUR ·fourQ4_0AVX512
#define SIX ·sixQ4_0AVX512
#define EIGHT ·eightQ4_0AVX512
#define UNPACK UNPACK_Q4_0
#define BLOCK 18
#define FETCH FETCH5
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/group32_avx512_amd64.h"

#define FEW ·directQ5_0AVX512
#define UNPACK UNPACK_Q5_0
#define BLOCK 22
#define FETCH FETCH11
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/few32_avx512_amd64.h"

#define TWO ·twoQ5_0AVX512
#define FOUR ·fourQ5_0AVX512
#define SIX ·sixQ5_0AVX512
#define EIGHT ·eightQ5_0AVX512
#define UNPACK UNPACK_Q5_0
#define BLOCK 22
#define FETCH FETCH6
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/group32_avx512_amd64.h"

#define FEW ·directQ8_0AVX512
#define UNPACK UNPACK_Q8_0
#define BLOCK 34
#define FETCH FETCH17
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/few32_avx512_amd64.h"

#define TWO ·twoQ8_0AVX512
#define FOUR ·fourQ8_0AVX512
#define SIX ·sixQ8_0AVX512
#define EIGHT ·eightQ8_0AVX512
#define UNPACK UNPACK_Q8_0
#define BLOCK 34
#define FETCH FETCH9
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/group32_avx512_amd64.h"

#define FEW ·directIQ4_NLAVX512
#define UNPACK UNPACK_IQ4_NL
#define BLOCK 18
#define FETCH FETCH9
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/few32_avx512_amd64.h"

#define TWO ·twoIQ4_NLAVX512
#define FOUR ·fourIQ4_NLAVX512
#define SIX ·sixIQ4_NLAVX512
#define EIGHT ·eightIQ4_NLAVX512
#define UNPACK UNPACK_IQ4_NL
#define BLOCK 18
#define FETCH FETCH5
#define FEWCOPY COPYHALF
#define FEWSCALES FEWSCALES_D
#include "templates/group32_avx512_amd64.h"

#define FEW ·directMXFP4AVX512
#define UNPACK UNPACK_MXFP4
#define BLOCK 17
#define FETCH FETCH9
#define FEWCOPY COPYBYTE
#define FEWSCALES FEWSCALES_E
#include "templates/few32_avx512_amd64.h"

#define TWO ·twoMXFP4AVX512
#define FOUR ·fourMXFP4AVX512
#define SIX ·sixMXFP4AVX512
#define EIGHT ·eightMXFP4AVX512
#define UNPACK UNPACK_MXFP4
#define BLOCK 17
#define FETCH FETCH5
#define FEWCOPY COPYBYTE
#define FEWSCALES FEWSCALES_E
#include "templates/group32_avx512_amd64.h"

#define MINS
#define FEW ·directQ4_1AVX512
#define UNPACK UNPACK_Q4_1
#define BLOCK 20
#define FETCH FETCH10
#define FEWCOPY COPYPAIR
#define FEWSCALES FEWSCALES_DM
#include "templates/few32_avx512_amd64.h"

#define TWO ·twoQ4_1AVX512
#define FOUR ·fourQ4_1AVX512
#define SIX ·sixQ4_1AVX512
#define EIGHT ·eightQ4_1AVX512
#define UNPACK UNPACK_Q4_1
#define BLOCK 20
#define FETCH FETCH5
#define FEWCOPY COPYPAIR
#define FEWSCALES FEWSCALES_DM
#include "templates/group32_avx512_amd64.h"

#undef MINS
