//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with weights of 8 bits, for AVX2.

#define SIGNED
#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack_legacy_amd64.h"
#include "parts/unpack256_amd64.h"
#include "parts/runs_amd64.h"
#include "parts/rows_avx2_amd64.h"
#include "parts/dot_avx2signed_amd64.h"
#include "parts/sums_avx2_amd64.h"

#define ONES Y15
#define PANEL (9*VBYTES)
#define TILE ·tile32SignedAVX2
#include "templates/tile32_amd64.h"
#undef ONES
#define ONES ·ones16(SB)

#define PACK ·packQ8_0AVX2
#define DIRECT ·pairQ8_0AVX2
#define ROW ·rowQ8_0AVX2
#define UNPACK UNPACK_Q8_0
#define SCALES SCALES_D
#define BLOCK 34
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#define PACK ·packIQ4_NLAVX2
#define DIRECT ·directIQ4_NLAVX2
#define ROW ·rowIQ4_NLAVX2
#define UNPACK UNPACK_IQ4_NL
#define SCALES SCALES_D
#define BLOCK 18
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH3
#include "templates/format32_amd64.h"

// Q8_0 of 2023.

#define PACK ·packQ8_0v1AVX2
#define DIRECT ·directQ8_0v1AVX2
#define ROW ·rowQ8_0v1AVX2
#define UNPACK UNPACK_Q8_0v1
#define SCALES SCALES_F
#define BLOCK 36
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH5
#include "templates/format32_amd64.h"

#undef PANEL
#define RUN RUNOF32
#define DOTRUN DOTRUN32
#define RUNWEIGHTS 32
#define RUNS 8
#define PANEL PANEL32
#define PAIRS PAIR32(0)
#undef ONES
#define ONES Y15
#define TILE ·tile8x32SignedAVX2
#include "templates/tile256_amd64.h"
#undef ONES
#define ONES ·ones16(SB)

#define PACK ·packIQ4_XSAVX2
#define DIRECT ·directIQ4_XSAVX2
#define PACKBLOCK PACK_IQ4_XS
#define BLOCK 136
#define FETCHNEXT FETCHLINES3
#define LOADS 9
#include "templates/format256_amd64.h"
#define ROW ·rowIQ4_XSAVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

// The tiles of the formats with codebooks follow. Go code packs their panels.

#undef PANEL
#undef RUN
#undef RUNWEIGHTS
#undef RUNS
#undef PAIRS
#undef ONES
#define RUN RUNOF16
#define RUNWEIGHTS 16
#define RUNS 16
#define PANEL PANEL16
#define PAIRS PAIR16(0)
#define ONES Y15
#define TILE ·tile16x16SignedAVX2
#include "templates/tile256_amd64.h"
