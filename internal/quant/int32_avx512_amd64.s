//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The kernels of the 32-wide formats for AVX-512 VNNI.

#include "unpack32_amd64.h"
#include "rows_avx512_amd64.h"
#include "dot_avx512_amd64.h"

#define PREFETCH5(p) PREFETCHT0 (p); PREFETCHT0 64(p); PREFETCHT0 128(p); PREFETCHT0 192(p); PREFETCHT0 256(p)
#define PREFETCH6(p) PREFETCH5(p); PREFETCHT0 320(p)
#define PREFETCH9(p) PREFETCH6(p); PREFETCHT0 384(p); PREFETCHT0 448(p); PREFETCHT0 512(p)

#define PANEL (9*VBYTES)
#define TILE ·tile32AVX512
#include "tile32_amd64.h"

#define PACK ·packQ4_0AVX512
#define DIRECT ·directQ4_0AVX512
#define UNPACK UNPACK_Q4_0
#define SCALES SCALES_D
#define BLOCK 18
#define PREFETCH PREFETCH5
#include "format32_amd64.h"

#define PACK ·packQ5_0AVX512
#define DIRECT ·directQ5_0AVX512
#define UNPACK UNPACK_Q5_0
#define SCALES SCALES_D
#define BLOCK 22
#define PREFETCH PREFETCH6
#include "format32_amd64.h"

#define PACK ·packQ8_0AVX512
#define DIRECT ·directQ8_0AVX512
#define UNPACK UNPACK_Q8_0
#define SCALES SCALES_D
#define BLOCK 34
#define PREFETCH PREFETCH9
#include "format32_amd64.h"

#define PACK ·packIQ4_NLAVX512
#define DIRECT ·directIQ4_NLAVX512
#define UNPACK UNPACK_IQ4_NL
#define SCALES SCALES_D
#define BLOCK 18
#define PREFETCH PREFETCH5
#include "format32_amd64.h"

#undef PANEL
#define PANEL (10*VBYTES)
#define MINS
#define TILE ·tile32MinAVX512
#include "tile32_amd64.h"

#define PACK ·packQ4_1AVX512
#define DIRECT ·directQ4_1AVX512
#define UNPACK UNPACK_Q4_1
#define SCALES SCALES_DM
#define BLOCK 20
#define PREFETCH PREFETCH5
#include "format32_amd64.h"

#define PACK ·packQ5_1AVX512
#define DIRECT ·directQ5_1AVX512
#define UNPACK UNPACK_Q5_1
#define SCALES SCALES_DM
#define BLOCK 24
#define PREFETCH PREFETCH6
#include "format32_amd64.h"
