// This template makes two functions for a format with blocks of 256 weights. PACK packs
// a panel. The second function is for products with a few tokens, which need no panel.
// With AVX2, this function is DIRECT, which multiplies. With AVX-512, it is PACKONE, which
// packs one super-block of each row.
//
// Define before each #include
//
//	PACK, and DIRECT or PACKONE  names of the functions
//	PACKBLOCK                    see unpack256_amd64.h
//	BLOCK                        bytes of a block
//	LOADS                        how many times PACKBLOCK uses FETCH
//	FETCHNEXT                    see pack_amd64.h
//
// and the macros that tile256_amd64.h uses. Afterwards, include row256_amd64.h and
// group256_avx512_amd64.h if the format has their functions, and undef256_amd64.h last.

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
