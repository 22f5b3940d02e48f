// The packing of a 32-wide format, and its product with a few tokens without
// packing. To be defined: PACK and DIRECT (the functions' names), UNPACK and
// SCALES (see unpack32_amd64.h), BLOCK (bytes of a block), PANEL (bytes of a
// block in the panel of a vector of rows), PREFETCH (see below), MINS where there
// are minima.
//
// A panel is two vectors of rows, one after the other. For each block it has the
// eight vectors of weights, the scales as float32 and the minima.

#include "pack32_amd64.h"
#include "direct32_amd64.h"

#undef PACK
#undef DIRECT
#undef UNPACK
#undef SCALES
#undef BLOCK
#undef PREFETCH
