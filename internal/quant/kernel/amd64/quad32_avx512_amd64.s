//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights in blocks of 32 by the activations of a single
// token, with AVX-512 VNNI (see the template quad32_avx512_amd64.h). Q8_0 has
// no function here: four of its blocks, of 34 bytes each, cross cache lines
// when they are loaded at once. So the AVX2 function for Q8_0 is faster.

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"

// NIBBLESROW is the QUADROW of formats whose blocks are a scale and 16 bytes of
// nibbles. w is the address of the first block, and w8 is the address 8 bytes after w.
#define NIBBLESROW(w, w8, w64, w72, sum, k) \
	VMOVDQU64 w, Z4          \
	VPERMW    Z4, Z21, k, Z9 \
	VPERMT2W  w8, Z20, Z4    \
	VPSRLW    $4, Z4, Z5     \
	VPANDD    Z22, Z4, Z4    \
	VPANDD    Z22, Z5, Z5    \
	LOOKUP                   \
	VMOVDQA64 Z18, sum       \
	VPDPBUSD  Z16, Z4, sum   \
	VPDPBUSD  Z17, Z5, sum

#define NIBBLECONSTANTS \
	VMOVDQU64    ·quadNibbles(SB), Z20 \
	VMOVDQU64    ·quadScales(SB), Z21  \
	VPBROADCASTD ·lowNibbles(SB), Z22

#define QUAD ·quadQ4_0AVX512
#define QUADCONSTANTS NIBBLECONSTANTS
#define QUADROW NIBBLESROW
#define LOOKUP
#define BLOCK 18
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx512_amd64.h"
#undef LOOKUP

#define QUAD ·quadIQ4_NLAVX512
#define QUADCONSTANTS \
	NIBBLECONSTANTS                       \
	VBROADCASTI32X4 ·iq4Unsigned(SB), Z23

#define QUADROW NIBBLESROW
#define LOOKUP \
	VPSHUFB Z4, Z23, Z4 \
	VPSHUFB Z5, Z23, Z5

#define BLOCK 18
#define FETCH FETCH4STREAMS(2048)
#include "templates/quad32_avx512_amd64.h"
#undef LOOKUP
