// This template makes four functions for AVX-512 VNNI, which multiply weights in blocks of 256 by
// the activations of a few tokens: TWO for 2 tokens, FOUR for 3 and 4, SIX for 5 and 6, and EIGHT
// for 7 and 8. They multiply weights by all tokens as soon as the weights are unpacked. Of a
// super-block, only the scales are stored, in the same form as in a panel. The sums are those of
// tile256_amd64.h.
//
// Include this file after format256_amd64.h, and define first
//
//	TWO, FOUR, SIX, EIGHT  names of the functions
//	ADDFEW                 adds a sum of 16 weights, times the scales in Z12, to isum

#define STORE16(r, a, b, c, d) FEWDOT(r, SCALE16(r), a, b, c, d)
#define STORE32(r, a, b, c, d) FEWDOT(r, SCALE32((r)/2), a, b, c, d)
#define FETCH FETCHROWS

// FIRSTi(off) and LASTi(off) are the bytes at offset off of token i of the two groups that
// few256loop_avx512_amd64.h has.
#define FIRST0(off) (off)(AX)
#define FIRST1(off) (off)(AX)(CX*1)
#define FIRST2(off) (off)(AX)(CX*2)
#define FIRST3(off) (off)(AX)(R12*1)
#define LAST0(off) (off)(BX)
#define LAST1(off) (off)(BX)(CX*1)
#define LAST2(off) (off)(BX)(CX*2)
#define LAST3(off) (off)(BX)(R12*1)

#define FEWZEROSUM(at, sum, isum, acc) VPXORD sum, sum, sum
#define FEWZEROISUM(at, sum, isum, acc) VPXORD isum, isum, isum
#define FEWADD(at, sum, isum, acc) ADDFEW(sum, isum)

// FEWDOT adds the products of weights 16r to 16r+15 with all tokens, times the scales at sc, to
// isum. FEWDOT clobbers Z12.
#define FEWDOT(r, sc, a, b, c, d) \
	FEWTOKENS(FEWZEROSUM) \
	FEWSTEP(16*(r)+0, a)  \
	FEWSTEP(16*(r)+4, b)  \
	FEWSTEP(16*(r)+8, c)  \
	FEWSTEP(16*(r)+12, d) \
	VMOVDQU64 sc(DI), Z12 \
	FEWTOKENS(FEWADD)

// FEWFINISH adds the product of a super-block to a token's accumulator. Z8 has D, Z9 has DMin.
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

// FEWPOINT sets AX, BX, CX and R12 to what p points to: p is the pointer of token 0, and
// stride is the number of bytes from token to token.
#define FEWPOINT(p, stride) \
	MOVQ  p, AX           \
	MOVQ  stride, CX      \
	LEAQ  (CX)(CX*2), R12 \
	MOVQ  last-24(SP), BX \
	IMULQ CX, BX          \
	ADDQ  AX, BX

#define FEW TWO
#include "parts/few2_avx512_amd64.h"
#include "templates/few256loop_avx512_amd64.h"

#define FEW FOUR
#include "parts/few4_avx512_amd64.h"
#include "templates/few256loop_avx512_amd64.h"

#define FEW SIX
#include "parts/few6_avx512_amd64.h"
#include "templates/few256loop_avx512_amd64.h"

#define FEW EIGHT
#include "parts/few8_avx512_amd64.h"
#include "templates/few256loop_avx512_amd64.h"

#undef TWO
#undef FOUR
#undef SIX
#undef EIGHT
#undef STORE16
#undef STORE32
#undef FETCH
#undef FIRST0
#undef FIRST1
#undef FIRST2
#undef FIRST3
#undef LAST0
#undef LAST1
#undef LAST2
#undef LAST3
#undef FEWZEROSUM
#undef FEWZEROISUM
#undef FEWADD
#undef FEWDOT
#undef FEWFINISH
#undef FEWLOAD
#undef FEWSAVE
#undef FEWPOINT
#undef ADDFEW
