// Undefines the macros of a 256-wide format.

#undef PACKBLOCK
#undef BLOCK
#undef FETCHNEXT
#undef LOADS
