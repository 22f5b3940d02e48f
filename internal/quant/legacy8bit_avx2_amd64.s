//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernel of the 8-bit format of 2023 for AVX2; see legacy_avx2_amd64.s.

#define SIGNED
#include "fetch_amd64.h"
#include "unpack32_amd64.h"
#include "unpack_legacy_amd64.h"
#include "runs_amd64.h"
#include "rows_avx2_amd64.h"
#include "dot_avx2signed_amd64.h"

#define ONES ·ones16(SB)
#define PANEL (9*VBYTES)

#define PACK ·packQ8_0v1AVX2
#define DIRECT ·directQ8_0v1AVX2
#define ROW ·rowQ8_0v1AVX2
#define UNPACK UNPACK_Q8_0v1
#define SCALES SCALES_F
#define BLOCK 36
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH5
#include "format32_amd64.h"
