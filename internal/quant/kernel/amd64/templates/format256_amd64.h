// The packing of a 256-wide format and its product with a few tokens. To be
// defined: PACK, DIRECT and, for AVX-512, PACKONE (the functions' names), PACKBLOCK (see
// unpack256_amd64.h), BLOCK (bytes of a block), LOADS (how often PACKBLOCK
// fetches), FETCHNEXT (see pack_amd64.h), and the macros for tile256_amd64.h.
// row256_amd64.h may follow, undef256_amd64.h must.

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
