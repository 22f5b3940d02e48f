//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with blocks of 256, for AVX2.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack256_amd64.h"
#include "parts/runs_amd64.h"
#include "parts/rows_avx2_amd64.h"
#include "parts/dot_avx2_amd64.h"
#include "parts/sums_avx2_amd64.h"

#define RUN RUNOF32
#define DOTRUN DOTRUN32
#define RUNWEIGHTS 32
#define RUNS 8
#define PANEL PANEL32
#define PAIRS PAIR32(0)
#define DOT16 WHOLEDOT16
#define MINS
#define TILE ·tile8x32MinAVX2
#include "templates/tile256_amd64.h"

#define PACK ·packQ4_KAVX2
#define DIRECT ·directQ4_KAVX2
#define PACKBLOCK PACK_Q4_K
#define BLOCK 144
#define FETCHNEXT FETCHLINES3
#define LOADS 9
#include "templates/format256_amd64.h"
#define ROW ·rowQ4_KAVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

#undef RUN
#undef DOTRUN
#define RUN SPLITRUNOF32
#define DOTRUN SPLITDOTRUN32
#define TILE ·tile8x32MinSplitAVX2
#include "templates/tile256_amd64.h"

#define PACK ·packQ5_KAVX2
#define DIRECT ·directQ5_KAVX2
#define PACKBLOCK PACK_Q5_K
#define BLOCK 176
#define FETCHNEXT FETCHLINES3
#define LOADS 11
#include "templates/format256_amd64.h"
#define ROW ·rowQ5_KAVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

#undef RUNWEIGHTS
#undef RUNS
#undef PANEL
#undef PAIRS
#undef RUN
#undef DOTRUN
#define RUN RUNOF16
#define DOTRUN DOTRUN16
#define RUNWEIGHTS 16
#define RUNS 16
#define PANEL PANEL16
#define PAIRS PAIR16(0)
#define TILE ·tile16x16MinAVX2
#include "templates/tile256_amd64.h"

#define PACK ·packQ2_KAVX2
#define DIRECT ·directQ2_KAVX2
#define PACKBLOCK PACK_Q2_K
#define BLOCK 84
#define FETCHNEXT FETCHLINES2
#define LOADS 5
#include "templates/format256_amd64.h"
#define ROW ·rowQ2_KAVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

#undef MINS
#define TILE ·tile16x16AVX2
#include "templates/tile256_amd64.h"

#define PACK ·packQ3_KAVX2
#define DIRECT ·directQ3_KAVX2
#define PACKBLOCK PACK_Q3_K
#define BLOCK 110
#define FETCHNEXT FETCHLINES2
#define LOADS 7
#include "templates/format256_amd64.h"
#define ROW ·rowQ3_KAVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packTQ2_0AVX2
#define DIRECT ·directTQ2_0AVX2
#define PACKBLOCK PACK_TQ2_0
#define BLOCK 66
#define FETCHNEXT FETCHLINES2
#define LOADS 4
#include "templates/format256_amd64.h"
#define ROW ·rowTQ2_0AVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packTQ1_0AVX2
#define DIRECT ·directTQ1_0AVX2
#define PACKBLOCK PACK_TQ1_0
#define BLOCK 54
#define FETCHNEXT FETCHLINES2
#define LOADS 3
#include "templates/format256_amd64.h"
#define ROW ·rowTQ1_0AVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"

#undef DOT16
#undef RUN
#undef DOTRUN
#define RUN SPLITRUNOF16
#define DOTRUN SPLITDOTRUN16
#define DOT16 SPLITDOT16
#define TILE ·tile16x16SplitAVX2
#include "templates/tile256_amd64.h"

#define PACK ·packQ6_KAVX2
#define DIRECT ·directQ6_KAVX2
#define PACKBLOCK PACK_Q6_K
#define BLOCK 210
#define FETCHNEXT FETCHLINES4
#define LOADS 13
#include "templates/format256_amd64.h"
#define ROW ·rowQ6_KAVX2
#include "templates/row256_amd64.h"
#include "templates/undef256_amd64.h"
