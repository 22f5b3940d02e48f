// This template makes three functions for a format with blocks of 32 weights. PACK packs
// a panel. DIRECT multiplies with a few tokens without a panel, and ROW with one token.
//
// Define before each #include
//
//	PACK, DIRECT, ROW  names of the functions
//	UNPACK, SCALES     see unpack32_amd64.h
//	BLOCK              bytes of a block
//	PANEL              bytes of a block in the panel of a vector of rows
//	FETCH              prefetches the blocks of a vector of rows at R13
//	FETCHNEXT          see pack_amd64.h
//	MINS               only for a format with minima

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
