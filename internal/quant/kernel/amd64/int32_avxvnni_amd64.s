//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with blocks of 32, except Q5_1, for AVX-VNNI.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack_legacy_amd64.h"
#include "parts/rows_avx2_amd64.h"
#include "parts/dot_avxvnni_amd64.h"

#define PANEL (9*VBYTES)
#define TILE ·tile32AVXVNNI
#include "templates/tile32_amd64.h"

#define PACK ·packQ4_0AVXVNNI
#define DIRECT ·directQ4_0AVXVNNI
#define ROW ·rowQ4_0AVXVNNI
#define UNPACK UNPACK_Q4_0
#define SCALES SCALES_D
#define BLOCK 18
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ5_0AVXVNNI
#define DIRECT ·directQ5_0AVXVNNI
#define ROW ·rowQ5_0AVXVNNI
#define UNPACK UNPACK_Q5_0
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packMXFP4AVXVNNI
#define DIRECT ·directMXFP4AVXVNNI
#define ROW ·rowMXFP4AVXVNNI
#define UNPACK UNPACK_MXFP4
#define SCALES SCALES_E
#define BLOCK 17
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ8_0AVXVNNI
#define DIRECT ·directQ8_0AVXVNNI
#define ROW ·rowQ8_0AVXVNNI
#define UNPACK UNPACK_Q8_0
#define SCALES SCALES_D
#define BLOCK 34
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packIQ4_NLAVXVNNI
#define DIRECT ·directIQ4_NLAVXVNNI
#define ROW ·rowIQ4_NLAVXVNNI
#define UNPACK UNPACK_IQ4_NL
#define SCALES SCALES_D
#define BLOCK 18
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

// The formats of 2023 follow. Their panels are the same
// as those of today's formats, so they share the tiles.

#define PACK ·packQ4_0v1AVXVNNI
#define DIRECT ·directQ4_0v1AVXVNNI
#define ROW ·rowQ4_0v1AVXVNNI
#define UNPACK UNPACK_Q4_0v1
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ4_0v2AVXVNNI
#define DIRECT ·directQ4_0v2AVXVNNI
#define ROW ·rowQ4_0v2AVXVNNI
#define UNPACK UNPACK_Q4_0v2
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ5_0v1AVXVNNI
#define DIRECT ·directQ5_0v1AVXVNNI
#define ROW ·rowQ5_0v1AVXVNNI
#define UNPACK UNPACK_Q5_0v1
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ8_0v1AVXVNNI
#define DIRECT ·directQ8_0v1AVXVNNI
#define ROW ·rowQ8_0v1AVXVNNI
#define UNPACK UNPACK_Q8_0v1
#define SCALES SCALES_F
#define BLOCK 36
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#undef PANEL
#define PANEL (10*VBYTES)
#define MINS
#define TILE ·tile32MinAVXVNNI
#include "templates/tile32_amd64.h"

#define PACK ·packQ4_1AVXVNNI
#define DIRECT ·directQ4_1AVXVNNI
#define ROW ·rowQ4_1AVXVNNI
#define UNPACK UNPACK_Q4_1
#define SCALES SCALES_DM
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ4_1v1AVXVNNI
#define DIRECT ·directQ4_1v1AVXVNNI
#define ROW ·rowQ4_1v1AVXVNNI
#define UNPACK UNPACK_Q4_1v1
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

#define PACK ·packQ4_1v2AVXVNNI
#define DIRECT ·directQ4_1v2AVXVNNI
#define ROW ·rowQ4_1v2AVXVNNI
#define UNPACK UNPACK_Q4_1v2
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"
