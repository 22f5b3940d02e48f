// The packing of a 32-wide format, and its product with one or a few tokens
// without packing. To be defined: PACK, DIRECT and ROW (the functions' names), UNPACK and
// SCALES (see unpack32_amd64.h), BLOCK (bytes of a block), PANEL (bytes of a
// block in the panel of a vector of rows), FETCH (prefetches a vector of
// rows' blocks at R13), FETCHNEXT (see pack_amd64.h), MINS for a format with minima.

#ifdef MINS
#define STORESCALES STOREDM
#else
#define STORESCALES STORED
#endif

#define PACKBLOCK \
	UNPACK           \
	STOREBLOCK       \
	SCALES(V12, V13) \
	STORESCALES
#define FETCHEVERY 4
#include "templates/pack_amd64.h"
#undef FETCHEVERY
#ifdef DIRECT
#include "templates/direct32_amd64.h"
#undef DIRECT
#endif
#include "templates/row32_amd64.h"

#undef PACKBLOCK
#undef STORESCALES
#undef UNPACK
#undef SCALES
#undef BLOCK
#undef FETCHNEXT
#undef FETCH
