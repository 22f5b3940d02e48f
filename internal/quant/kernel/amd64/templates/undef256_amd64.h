// The end of a 256-wide format.

#undef PACKBLOCK
#undef BLOCK
#undef FETCHNEXT
#undef LOADS
