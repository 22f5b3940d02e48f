//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with blocks of 32
// and weights of at most 5 bits, except Q5_1, for AVX2.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack_legacy_amd64.h"
#include "parts/rows_avx2_amd64.h"
#include "parts/dot_avx2_amd64.h"

#define ONES Y15
#define PANEL (9*VBYTES)
#define TILE ·tile32AVX2
#include "templates/tile32_amd64.h"
#undef ONES
#define ONES ·ones16(SB)

#define PACK ·packQ4_0AVX2
#define DIRECT ·pairQ4_0AVX2
#define ROW ·rowQ4_0AVX2
#define UNPACK UNPACK_Q4_0
#define SCALES SCALES_D
#define BLOCK 18
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ5_0AVX2
#define DIRECT ·directQ5_0AVX2
#define ROW ·rowQ5_0AVX2
#define UNPACK UNPACK_Q5_0
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packMXFP4AVX2
#define DIRECT ·directMXFP4AVX2
#define ROW ·rowMXFP4AVX2
#define UNPACK UNPACK_MXFP4
#define SCALES SCALES_E
#define BLOCK 17
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

// The formats of 2023 follow. Their panels are the same
// as those of today's formats, so they share the tiles.

#define PACK ·packQ4_0v1AVX2
#define DIRECT ·directQ4_0v1AVX2
#define ROW ·rowQ4_0v1AVX2
#define UNPACK UNPACK_Q4_0v1
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ4_0v2AVX2
#define DIRECT ·directQ4_0v2AVX2
#define ROW ·rowQ4_0v2AVX2
#define UNPACK UNPACK_Q4_0v2
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ5_0v1AVX2
#define DIRECT ·directQ5_0v1AVX2
#define ROW ·rowQ5_0v1AVX2
#define UNPACK UNPACK_Q5_0v1
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#undef PANEL
#undef ONES
#define ONES Y15
#define PANEL (10*VBYTES)
#define MINS
#define TILE ·tile32MinAVX2
#include "templates/tile32_amd64.h"
#undef ONES
#define ONES ·ones16(SB)

#define PACK ·packQ4_1AVX2
#define DIRECT ·pairQ4_1AVX2
#define ROW ·rowQ4_1AVX2
#define UNPACK UNPACK_Q4_1
#define SCALES SCALES_DM
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ4_1v1AVX2
#define DIRECT ·directQ4_1v1AVX2
#define ROW ·rowQ4_1v1AVX2
#define UNPACK UNPACK_Q4_1v1
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ4_1v2AVX2
#define DIRECT ·directQ4_1v2AVX2
#define ROW ·rowQ4_1v2AVX2
#define UNPACK UNPACK_Q4_1v2
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"
