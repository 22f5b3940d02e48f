// This template makes two functions for a format with blocks of 256 weights. PACK
// packs a panel. DIRECT multiplies with a few tokens without a panel. For AVX-512,
// the template also makes PACKONE, which packs one super-block of each row.
//
// Define before each #include
//
//	PACK, DIRECT, PACKONE  names of the functions
//	PACKBLOCK              see unpack256_amd64.h
//	BLOCK                  bytes of a block
//	LOADS                  how many times PACKBLOCK uses FETCH
//	FETCHNEXT              see pack_amd64.h
//
// and the macros that tile256_amd64.h uses. Include undef256_amd64.h
// afterwards, and before it row256_amd64.h if the format has a function ROW.

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
#endif
#include "templates/direct256_amd64.h"
#undef FETCH

#undef STORE16
#undef STORE32
