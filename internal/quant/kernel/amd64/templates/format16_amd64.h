// This template makes two functions for a format with a scale for each 16
// weights. PACK packs a panel. ROW multiplies with one token without a panel.
//
// Define before each #include
//
//	PACK, ROW              names of the functions
//	UNPACK, FIRST, SECOND  see unpack16_amd64.h
//	SCALES                 see unpack16_amd64.h
//	BLOCK                  bytes of a block
//	PARTS                  number of parts of 32 weights in a block
//	EACHPART(M)            applies the macro M to each part
//	PART                   bytes of a part in the panel of a vector of rows
//	FETCH, FETCHNEXT       see format32_amd64.h
//	MINS                   only for a format with minima

#define STORE16(at, unused, a, b, c, d) PANEL4(at, a, b, c, d)

#ifdef MINS
#define STORESCALES(at) \
	VMOVUPS V0, (at+4*VBYTES)(DI)        \
	VMOVUPS V2, (at+5*VBYTES)(DI)        \
	VMOVUPS V1, (at+PART/2+4*VBYTES)(DI) \
	VMOVUPS V3, (at+PART/2+5*VBYTES)(DI)
#else
#define STORESCALES(at) \
	VMOVUPS V0, (at+4*VBYTES)(DI)        \
	VMOVUPS V1, (at+PART/2+4*VBYTES)(DI)
#endif

#define PACKPART(p) \
	UNPACK(p)                           \
	FIRST(STORE16, (p*PART), 0)         \
	SECOND(STORE16, (p*PART+PART/2), 0) \
	SCALES(p)                           \
	STORESCALES(p*PART)

#define PACKBLOCK EACHPART(PACKPART)
#define PANEL (PARTS*PART)
#define FETCHEVERY 4
#include "templates/pack_amd64.h"
#undef FETCHEVERY
#include "templates/row16_amd64.h"

#undef STORE16
#undef STORESCALES
#undef PACKPART
#undef PACKBLOCK
#undef PARTS
#undef EACHPART
#undef PANEL
#undef UNPACK
#undef FIRST
#undef SECOND
#undef SCALES
#undef BLOCK
#undef FETCHNEXT
#undef FETCH
