//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with blocks of 256, for AVX-VNNI.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack256_amd64.h"
#include "parts/runs_amd64.h"
#include "parts/rows_avx2_amd64.h"
#include "parts/dot_avxvnni_amd64.h"
#include "parts/sums_avx2_amd64.h"

#define RUN RUNOF32
#define DOTRUN DOTRUN32
#define RUNWEIGHTS 32
#define RUNS 8
#define PANEL PANEL32
#define PAIRS PAIR32(0)
#define TILE ·tile8x32AVXVNNI
#include "templates/tile256_amd64.h"

#define PACK ·packIQ4_XSAVXVNNI
#define DIRECT ·directIQ4_XSAVXVNNI
#define PACKBLOCK PACK_IQ4_XS
#define BLOCK 136
#define FETCHNEXT FETCHLINES3
#define LOADS 9
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"

#define MINS
#define TILE ·tile8x32MinAVXVNNI
#include "templates/tile256_amd64.h"

#define PACK ·packQ4_KAVXVNNI
#define DIRECT ·directQ4_KAVXVNNI
#define PACKBLOCK PACK_Q4_K
#define BLOCK 144
#define FETCHNEXT FETCHLINES3
#define LOADS 9
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packQ5_KAVXVNNI
#define DIRECT ·directQ5_KAVXVNNI
#define PACKBLOCK PACK_Q5_K
#define BLOCK 176
#define FETCHNEXT FETCHLINES3
#define LOADS 11
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"

#undef RUN
#undef DOTRUN
#undef RUNWEIGHTS
#undef RUNS
#undef PANEL
#undef PAIRS
#define RUN RUNOF16
#define DOTRUN DOTRUN16
#define RUNWEIGHTS 16
#define RUNS 16
#define PANEL PANEL16
#define PAIRS PAIR16(0)
#define TILE ·tile16x16MinAVXVNNI
#include "templates/tile256_amd64.h"

#define PACK ·packQ2_KAVXVNNI
#define DIRECT ·directQ2_KAVXVNNI
#define PACKBLOCK PACK_Q2_K
#define BLOCK 84
#define FETCHNEXT FETCHLINES2
#define LOADS 5
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"

#undef MINS
#define TILE ·tile16x16AVXVNNI
#include "templates/tile256_amd64.h"

#define PACK ·packQ3_KAVXVNNI
#define DIRECT ·directQ3_KAVXVNNI
#define PACKBLOCK PACK_Q3_K
#define BLOCK 110
#define FETCHNEXT FETCHLINES2
#define LOADS 7
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packQ6_KAVXVNNI
#define DIRECT ·directQ6_KAVXVNNI
#define PACKBLOCK PACK_Q6_K
#define BLOCK 210
#define FETCHNEXT FETCHLINES4
#define LOADS 13
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packTQ2_0AVXVNNI
#define DIRECT ·directTQ2_0AVXVNNI
#define PACKBLOCK PACK_TQ2_0
#define BLOCK 66
#define FETCHNEXT FETCHLINES2
#define LOADS 4
#include "templates/format256_amd64.h"
#include "templates/undef256_amd64.h"
