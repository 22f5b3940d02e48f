//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernels of the formats of 2023 for AVX-512 VNNI. The tiles are those of today's
// formats: panels are the same.

#include "fetch_amd64.h"
#include "unpack32_amd64.h"
#include "unpack_legacy_amd64.h"
#include "rows_avx512_amd64.h"
#include "dot_avx512_amd64.h"

#define PANEL (9*VBYTES)

#define PACK ·packQ4_0v1AVX512
#define DIRECT ·directQ4_0v1AVX512
#define ROW ·rowQ4_0v1AVX512
#define UNPACK UNPACK_Q4_0v1
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "format32_amd64.h"

#define PACK ·packQ4_0v2AVX512
#define DIRECT ·directQ4_0v2AVX512
#define ROW ·rowQ4_0v2AVX512
#define UNPACK UNPACK_Q4_0v2
#define SCALES SCALES_F
#define BLOCK 20
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH5
#include "format32_amd64.h"

#define PACK ·packQ5_0v1AVX512
#define DIRECT ·directQ5_0v1AVX512
#define ROW ·rowQ5_0v1AVX512
#define UNPACK UNPACK_Q5_0v1
#define SCALES SCALES_D
#define BLOCK 22
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "format32_amd64.h"

#define PACK ·packQ8_0v1AVX512
#define DIRECT ·directQ8_0v1AVX512
#define ROW ·rowQ8_0v1AVX512
#define UNPACK UNPACK_Q8_0v1
#define SCALES SCALES_F
#define BLOCK 36
#define FETCHNEXT FETCHLINES3
#define FETCH FETCH9
#include "format32_amd64.h"

#undef PANEL
#define PANEL (10*VBYTES)
#define MINS

#define PACK ·packQ4_1v1AVX512
#define DIRECT ·directQ4_1v1AVX512
#define ROW ·rowQ4_1v1AVX512
#define UNPACK UNPACK_Q4_1v1
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "format32_amd64.h"

#define PACK ·packQ4_1v2AVX512
#define DIRECT ·directQ4_1v2AVX512
#define ROW ·rowQ4_1v2AVX512
#define UNPACK UNPACK_Q4_1v2
#define SCALES SCALES_FM
#define BLOCK 24
#define FETCHNEXT FETCHLINES2
#define FETCH FETCH6
#include "format32_amd64.h"
