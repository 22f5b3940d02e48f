// The packing of a 32-wide format, and its product with a few tokens without
// packing. To be defined: PACK and DIRECT (the functions' names), UNPACK and
// SCALES (see unpack32_amd64.h), BLOCK (bytes of a block), PANEL (bytes of a
// block in the panel of a vector of rows), FETCH (prefetches a vector of
// rows' blocks at R13), MINS where there are minima.

#ifdef MINS
#define STORESCALES STOREDM
#else
#define STORESCALES STORED
#endif

#define PACKBLOCK \
	UNPACK           \
	STORE32          \
	SCALES(V12, V13) \
	STORESCALES
#include "pack_amd64.h"
#include "direct32_amd64.h"

#undef PACKBLOCK
#undef STORESCALES
#undef DIRECT
#undef UNPACK
#undef SCALES
#undef BLOCK
#undef FETCH
