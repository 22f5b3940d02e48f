// This template makes four functions for AVX-512 VNNI. They multiply weights in blocks of 32 by
// the activations of a few tokens: TWO for 1 or 2 tokens, FOUR for 3 or 4, SIX for 5 or 6, and
// EIGHT for 7 or 8. The functions unpack a block of each of 16 rows into registers, and multiply
// it by all tokens. The accumulators are in registers, too. The results are those of
// tile32_amd64.h.
//
// As in few32_avx512_amd64.h, a sum starts at -offset times the sum of a block's activations, and
// scales are copied one block ahead through the general register BP.
//
// Define before each #include TWO, FOUR, SIX and EIGHT, the names of the functions, and UNPACK,
// BLOCK, FEWCOPY, FEWSCALES and MINS, which few32_avx512_amd64.h explains. FETCH prefetches 16
// blocks at R13.

#define FEWLOAD(at, sum, isum, acc) VMOVUPS at(0), isum
#define FEWSAVE(at, sum, isum, acc) VMOVUPS isum, at(0)
#define FEWSTART(at, sum, isum, acc) VPBROADCASTD at(0), sum

// FEWFINISH adds the product of a block to a token's accumulator, isum. at(0) is the token's
// scale, sum its sum, and Z12 the rows' scales.
#define FEWFINISH(at, sum, isum, acc) \
	VCVTDQ2PS   sum, sum       \
	VMULPS.BCST at(0), Z12, Z8 \
	VFMADD231PS Z8, sum, isum

// FEWADDMIN adds the product of the token's DS and the rows' minima, Z13.
#define FEWADDMIN(at, sum, isum, acc) VFMADD231PS.BCST at(0), Z13, isum

#define FEW TWO
#include "parts/group2_avx512_amd64.h"
#include "templates/group32loop_avx512_amd64.h"

#define FEW FOUR
#include "parts/group4_avx512_amd64.h"
#include "templates/group32loop_avx512_amd64.h"

#define FEW SIX
#include "parts/group6_avx512_amd64.h"
#include "templates/group32loop_avx512_amd64.h"

#define FEW EIGHT
#include "parts/group8_avx512_amd64.h"
#include "templates/group32loop_avx512_amd64.h"

#undef TWO
#undef FOUR
#undef SIX
#undef EIGHT
#undef UNPACK
#undef BLOCK
#undef FETCH
#undef FEWCOPY
#undef FEWSCALES
#undef FEWLOAD
#undef FEWSAVE
#undef FEWSTART
#undef FEWFINISH
#undef FEWADDMIN
