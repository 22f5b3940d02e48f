// The packing of a 256-wide format, and its product with a few tokens. To be
// defined: PACK and DIRECT (the functions' names), PACKBLOCK (see
// unpack256_amd64.h), BLOCK (bytes of a block), LOADS (how often PACKBLOCK
// fetches), and what tile256_amd64.h wants.

#define FETCH
#include "pack_amd64.h"
#undef FETCH

// FETCH prefetches as many bytes as LOADROWS loads.
#define FETCH FETCHROWS
#include "direct256_amd64.h"
#undef FETCH

#undef PACKBLOCK
#undef BLOCK
#undef LOADS
