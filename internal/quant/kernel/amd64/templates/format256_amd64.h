// This template makes two functions for a format with blocks of 256 weights: PACK, which packs a
// panel, and one for products with a few tokens without a panel. With AVX2, the latter is DIRECT,
// which multiplies. With AVX-512, it is PACKONE, which packs one super-block.
//
// Define before each #include
//
//	PACK, and DIRECT or PACKONE  names of the functions
//	PACKBLOCK                    see unpack256_amd64.h
//	BLOCK                        bytes of a block
//	LOADS                        how often PACKBLOCK fetches
//	FETCHNEXT                    see pack_amd64.h
//
// and the macros that tile256_amd64.h uses. After this file, row256_amd64.h and
// few256_avx512_amd64.h may be included, and undef256_amd64.h must be.

#define STORE16 PANELSTORE16
#define STORE32 PANELSTORE32

#define FETCH
#define FETCHEVERY 1
#include "templates/pack_amd64.h"
#undef FETCHEVERY
#undef FETCH

// FETCH prefetches as many bytes as LOADROWS loads.
#define FETCH FETCHROWS
#ifdef PACKONE
#include "templates/packone_amd64.h"
#else
#include "templates/direct256_amd64.h"
#endif
#undef FETCH

#undef STORE16
#undef STORE32
