//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file has the kernels of the formats with blocks of 256, for AVX-512 VNNI.

#include "parts/fetch_amd64.h"
#include "parts/unpack32_amd64.h"
#include "parts/unpack256_amd64.h"
#include "parts/runs_amd64.h"
#include "parts/rows_avx512_amd64.h"
#include "parts/dot_avx512_amd64.h"
#include "parts/group_avx512_amd64.h"

// ADDWORDS and ADDDWORDS are for ADDFEW, a parameter of group256_avx512_amd64.h.
//
// ADDWORDS needs sums that fit in an int16 and scales that are not negative. 16 products of a
// weight of 4 bits and an activation of 8 bits fit. The upper word of each scale is zero, so the
// instruction adds only the product of the lower words.
#define ADDWORDS(sum, isum) VPDPWSSD Z12, sum, isum

// ADDDWORDS is for any sums and scales.
#define ADDDWORDS(sum, isum) ADDSCALED(Z12, sum, isum)

#define RUN RUNOF32
#define RUNWEIGHTS 32
#define RUNS 8
#define PANEL PANEL32
#define PAIRS PAIR32(0)
#define TILE ·tile8x32AVX512
#include "templates/tile256_amd64.h"

#define PACK ·packIQ4_XSAVX512
#define PACKONE ·packOneIQ4_XSAVX512
#define PACKBLOCK PACK_IQ4_XS
#define BLOCK 136
#define FETCHNEXT FETCHLINES3
#define LOADS 9
#include "templates/format256_amd64.h"
#define ROW ·rowIQ4_XSAVX512
#include "templates/row256_amd64.h"
#define TWO ·twoIQ4_XSAVX512
#define FOUR ·fourIQ4_XSAVX512
#define SIX ·sixIQ4_XSAVX512
#define EIGHT ·eightIQ4_XSAVX512
#define ADDFEW ADDDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"

#define MINS
#define TILE ·tile8x32MinAVX512
#include "templates/tile256_amd64.h"

#define PACK ·packQ4_KAVX512
#define PACKONE ·packOneQ4_KAVX512
#define PACKBLOCK PACK_Q4_K
#define BLOCK 144
#define FETCHNEXT FETCHLINES3
#define LOADS 9
#include "templates/format256_amd64.h"
#define ROW ·rowQ4_KAVX512
#include "templates/row256_amd64.h"
#define TWO ·twoQ4_KAVX512
#define FOUR ·fourQ4_KAVX512
#define SIX ·sixQ4_KAVX512
#define EIGHT ·eightQ4_KAVX512
#define ADDFEW ADDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packQ5_KAVX512
#define PACKONE ·packOneQ5_KAVX512
#define PACKBLOCK PACK_Q5_K
#define BLOCK 176
#define FETCHNEXT FETCHLINES3
#define LOADS 11
#include "templates/format256_amd64.h"
#define ROW ·rowQ5_KAVX512
#include "templates/row256_amd64.h"
#define TWO ·twoQ5_KAVX512
#define FOUR ·fourQ5_KAVX512
#define SIX ·sixQ5_KAVX512
#define EIGHT ·eightQ5_KAVX512
#define ADDFEW ADDDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"

#undef RUN
#undef RUNWEIGHTS
#undef RUNS
#undef PANEL
#undef PAIRS
#define RUN RUNOF16
#define RUNWEIGHTS 16
#define RUNS 16
#define PANEL PANEL16
#define PAIRS PAIR16(0)
#define TILE ·tile16x16MinAVX512
#include "templates/tile256_amd64.h"

#define PACK ·packQ2_KAVX512
#define PACKONE ·packOneQ2_KAVX512
#define PACKBLOCK PACK_Q2_K
#define BLOCK 84
#define FETCHNEXT FETCHLINES2
#define LOADS 5
#include "templates/format256_amd64.h"
#define ROW ·rowQ2_KAVX512
#include "templates/row256_amd64.h"
#define TWO ·twoQ2_KAVX512
#define FOUR ·fourQ2_KAVX512
#define SIX ·sixQ2_KAVX512
#define EIGHT ·eightQ2_KAVX512
#define ADDFEW ADDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"

#undef MINS
#define TILE ·tile16x16AVX512
#include "templates/tile256_amd64.h"

#define PACK ·packQ3_KAVX512
#define PACKONE ·packOneQ3_KAVX512
#define PACKBLOCK PACK_Q3_K
#define BLOCK 110
#define FETCHNEXT FETCHLINES2
#define LOADS 7
#include "templates/format256_amd64.h"
#define ROW ·rowQ3_KAVX512
#include "templates/row256_amd64.h"
#define TWO ·twoQ3_KAVX512
#define FOUR ·fourQ3_KAVX512
#define SIX ·sixQ3_KAVX512
#define EIGHT ·eightQ3_KAVX512
#define ADDFEW ADDDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packQ6_KAVX512
#define PACKONE ·packOneQ6_KAVX512
#define PACKBLOCK PACK_Q6_K
#define BLOCK 210
#define FETCHNEXT FETCHLINES4
#define LOADS 13
#include "templates/format256_amd64.h"
#define ROW ·rowQ6_KAVX512
#include "templates/row256_amd64.h"
#define TWO ·twoQ6_KAVX512
#define FOUR ·fourQ6_KAVX512
#define SIX ·sixQ6_KAVX512
#define EIGHT ·eightQ6_KAVX512
#define ADDFEW ADDDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"

#define PACK ·packTQ2_0AVX512
#define PACKONE ·packOneTQ2_0AVX512
#define PACKBLOCK PACK_TQ2_0
#define BLOCK 66
#define FETCHNEXT FETCHLINES2
#define LOADS 4
#include "templates/format256_amd64.h"
#define ROW ·rowTQ2_0AVX512
#include "templates/row256_amd64.h"
#define TWO ·twoTQ2_0AVX512
#define FOUR ·fourTQ2_0AVX512
#define SIX ·sixTQ2_0AVX512
#define EIGHT ·eightTQ2_0AVX512
#define ADDFEW ADDWORDS
#include "templates/group256_avx512_amd64.h"
#include "templates/undef256_amd64.h"
