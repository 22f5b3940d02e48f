// This file undefines the macros of a format with blocks of 256.

#undef PACKBLOCK
#undef BLOCK
#undef FETCHNEXT
#undef LOADS
