// The macros of this file unpack super-blocks: blocks of 256 weights. A run is 16 or 32
// weights that share a scale. unpack456_amd64.h and unpack234_amd64.h have a macro
// PACK_x for each format x. It unpacks one super-block of each row of the vector of rows
// at SI. PACK_x clobbers V0 to V14. V15 must be 15 in all bytes (lowNibbles). The byte
// maps of the formats are in their Go files. FETCH prefetches as much as LOADROWS loads.
//
// In a panel, which is at DI, a super-block is a list
// of runs, then the data that belongs to all runs:
//
//	16 × 5 vectors  a run of 16: the i-th vector has weights 4i to 4i+3 of every row, made
//	                unsigned by an offset where necessary, then the scales; or
//	8 × 9 vectors   a run of 32, if the format has 8 scales
//	8 vectors       pairs of int16, for runs 2j and 2j+1 of 16 weights: the minima, or the
//	                scales times the offset
//	2 vectors       D and DMin as float32

#define RUN16(r) ((r)*5*VBYTES)
#define SCALE16(j) (((j)*5+4)*VBYTES)
#define PAIR16(j) ((80+(j))*VBYTES)
#define D16 (88*VBYTES)
#define DMIN16 (89*VBYTES)
#define PANEL16 (90*VBYTES)

#define RUN32(r) (((r)/2*9+(r)%2*4)*VBYTES)
#define SCALE32(j) (((j)*9+8)*VBYTES)
#define PAIR32(j) ((72+(j))*VBYTES)
#define D32 (80*VBYTES)
#define DMIN32 (81*VBYTES)
#define PANEL32 (82*VBYTES)

// PACK_x passes weights 16r to 16r+15 to STORE16 if runs have 16 weights, and to STORE32 if
// they have 32. For a panel, these are PANELSTORE16 and PANELSTORE32, which store the weights.
#define PANEL4(at, a, b, c, d) \
	VSTORE a, (at+0*VBYTES)(DI) \
	VSTORE b, (at+1*VBYTES)(DI) \
	VSTORE c, (at+2*VBYTES)(DI) \
	VSTORE d, (at+3*VBYTES)(DI)

#define PANELSTORE16(r, a, b, c, d) PANEL4(RUN16(r), a, b, c, d)
#define PANELSTORE32(r, a, b, c, d) PANEL4(RUN32(r), a, b, c, d)

// Without a panel, STORE16 and STORE32 are ROWSTORE16 and ROWSTORE32, which
// immediately multiply the weights with a token. DOT16 is in dot_*.h.
#define ROWSTORE16(r, a, b, c, d) DOT16(r, SCALE16(r), a, b, c, d)
#define ROWSTORE32(r, a, b, c, d) DOT16(r, SCALE32((r)/2), a, b, c, d)

// PAIR stores two signed bytes of each lane of s as int16,
// multiplied by 2^log2. V13 selects the bytes. PAIR clobbers V12.
#define PAIR(s, log2, at) \
	VPSHUFB V13, s, V12         \
	VPSRAW  $(8-log2), V12, V12 \
	VSTORE  V12, at(DI)

// PAIRS16 stores bytes 0 to 3 of each lane of s as the pairs of runs j to j+3. V13 must be bytes01.
#define PAIRS16(j, s, log2) \
	PAIR(s, log2, PAIR16(j/2)) \
	VPSRLD $16, s, s           \
	PAIR(s, log2, PAIR16(j/2+1))

// PAIRS32 stores bytes 0 to 3 of each lane of s as pairs for runs j,
// j+step, j+2*step and j+3*step of 32 weights. V13 must be bytes00.
#define PAIRS32(j, step, s, log2) \
	PAIR(s, log2, PAIR32(j))        \
	VPSRLD $8, s, s                 \
	PAIR(s, log2, PAIR32(j+step))   \
	VPSRLD $8, s, s                 \
	PAIR(s, log2, PAIR32(j+2*step)) \
	VPSRLD $8, s, s                 \
	PAIR(s, log2, PAIR32(j+3*step))

// SCALES16 stores bytes 0 to 3 of each lane of s as scales of runs j to j+3. SCALES32 stores them
// as scales of four runs: every step-th run from j on. SCALE is in dot_*.h, and clobbers V12.
#define SCALES16(j, s) \
	SCALE(0, s, SCALE16(j))   \
	SCALE(1, s, SCALE16(j+1)) \
	SCALE(2, s, SCALE16(j+2)) \
	SCALE(3, s, SCALE16(j+3))

#define SCALES32(j, step, s) \
	SCALE(0, s, SCALE32(j))        \
	SCALE(1, s, SCALE32(j+step))   \
	SCALE(2, s, SCALE32(j+2*step)) \
	SCALE(3, s, SCALE32(j+3*step))

// SAVEROWS moves the vectors that LOADROWS has loaded to V8 to V11.
#define SAVEROWS \
	VCOPY V0, V8  \
	VCOPY V1, V9  \
	VCOPY V2, V10 \
	VCOPY V3, V11

// HIGHBITS shifts V8 to V11 by n, and then adds the bits that are
// set in mask to the weights in a to d. HIGHBITS clobbers V12.
#define HIGHBITS1(SHIFT, n, mask, h, q) \
	SHIFT $(n), h, V12   \
	VAND  mask, V12, V12 \
	VOR   V12, q, q

#define HIGHBITS(SHIFT, n, mask, a, b, c, d) \
	HIGHBITS1(SHIFT, n, mask, V8, a)  \
	HIGHBITS1(SHIFT, n, mask, V9, b)  \
	HIGHBITS1(SHIFT, n, mask, V10, c) \
	HIGHBITS1(SHIFT, n, mask, V11, d)

#include "parts/unpack456_amd64.h"
#include "parts/unpack234_amd64.h"
