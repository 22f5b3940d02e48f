//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// The products of 32-wide formats with a few tokens for AVX2, see few32_amd64.h.

#include "fetch_amd64.h"
#include "unpack32_amd64.h"
#include "rows_avx2_amd64.h"

#define FEW ·directQ4_0AVX2
#define UNPACK UNPACK_Q4_0
#define SCALES SCALES_D
#define BLOCK 18
#define FETCH FETCH5
#include "few32_amd64.h"
