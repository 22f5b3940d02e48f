// This template makes four functions for AVX-512 VNNI. They multiply weights in blocks of 256 by
// the activations of a few tokens: TWO for 1 or 2 tokens, FOUR for 3 or 4, SIX for 5 or 6, and
// EIGHT for 7 or 8. The functions multiply weights by all tokens as soon as the weights are
// unpacked, and do not store these weights. The scales and all else of a super-block are stored
// where they would be in a panel. The results are those of tile256_amd64.h.
//
// Include this file after format256_amd64.h, and define first
//
//	TWO, FOUR, SIX, EIGHT  names of the functions
//	ADDFEW(sum, isum)      adds sum, the products of 16 weights, times the scales in Z12, to isum

#define STORE16(r, a, b, c, d) FEWDOT(r, SCALE16(r), a, b, c, d)
#define STORE32(r, a, b, c, d) FEWDOT(r, SCALE32((r)/2), a, b, c, d)
#define FETCH FETCHROWS

#define FEWZEROSUM(at, sum, isum, acc) VPXORD sum, sum, sum
#define FEWZEROISUM(at, sum, isum, acc) VPXORD isum, isum, isum
#define FEWADD(at, sum, isum, acc) ADDFEW(sum, isum)

// FEWDOT multiplies weights 16r to 16r+15, in a to d, by each token's activations. FEWDOT adds
// the products, times the scales at sc, to the token's isum. FEWDOT clobbers Z12 and sum.
#define FEWDOT(r, sc, a, b, c, d) \
	FEWTOKENS(FEWZEROSUM) \
	FEWSTEP(16*(r)+0, a)  \
	FEWSTEP(16*(r)+4, b)  \
	FEWSTEP(16*(r)+8, c)  \
	FEWSTEP(16*(r)+12, d) \
	VMOVDQU64 sc(DI), Z12 \
	FEWTOKENS(FEWADD)

// FEWFINISH adds the product of a super-block to a token's accumulator. at(0) is the token's scale,
// sum its sum of pairs, Z8 the rows' D and Z9 their DMin.
#ifdef MINS
#define FEWFINISH(at, sum, isum, acc) \
	VMULPS.BCST  at(0), Z8, Z10 \
	VCVTDQ2PS    isum, isum     \
	VFMADD231PS  Z10, isum, acc \
	VMULPS.BCST  at(0), Z9, Z10 \
	VCVTDQ2PS    sum, sum       \
	VFNMADD231PS Z10, sum, acc

#else
#define FEWFINISH(at, sum, isum, acc) \
	VMULPS.BCST at(0), Z8, Z10  \
	VPSUBD      sum, isum, isum \
	VCVTDQ2PS   isum, isum      \
	VFMADD231PS Z10, isum, acc

#endif

#define FEWLOAD(at, sum, isum, acc) VMOVUPS at(0), acc
#define FEWSAVE(at, sum, isum, acc) VMOVUPS acc, at(0)

#define FEW TWO
#include "parts/group2_avx512_amd64.h"
#include "templates/group256loop_avx512_amd64.h"

#define FEW FOUR
#include "parts/group4_avx512_amd64.h"
#include "templates/group256loop_avx512_amd64.h"

#define FEW SIX
#include "parts/group6_avx512_amd64.h"
#include "templates/group256loop_avx512_amd64.h"

#define FEW EIGHT
#include "parts/group8_avx512_amd64.h"
#include "templates/group256loop_avx512_amd64.h"

#undef TWO
#undef FOUR
#undef SIX
#undef EIGHT
#undef STORE16
#undef STORE32
#undef FETCH
#undef FEWZEROSUM
#undef FEWZEROISUM
#undef FEWADD
#undef FEWDOT
#undef FEWFINISH
#undef FEWLOAD
#undef FEWSAVE
#undef ADDFEW
