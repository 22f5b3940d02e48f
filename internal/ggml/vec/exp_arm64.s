//go:build !purego

#include "textflag.h"

// expConst has the constants of fmath.Exp32, in the order in which EXP_CONSTANTS
// loads them: log2e, ln2hi, ln2lo, p4, least, most, shift, p3, p2, p1, p0, 1.
DATA ·expConst+0(SB)/4, $0x3fb8aa3b
DATA ·expConst+4(SB)/4, $0x3f317200
DATA ·expConst+8(SB)/4, $0x35bfbe8e
DATA ·expConst+12(SB)/4, $0x3ab688ff
DATA ·expConst+16(SB)/4, $0xc2b00000
DATA ·expConst+20(SB)/4, $0x42b20000
DATA ·expConst+24(SB)/4, $0x4b400000
DATA ·expConst+28(SB)/4, $0x3c090631
DATA ·expConst+32(SB)/4, $0x3d2aaa8c
DATA ·expConst+36(SB)/4, $0x3e2aaa6e
DATA ·expConst+40(SB)/4, $0x3f000000
DATA ·expConst+44(SB)/4, $0x3f800000
GLOBL ·expConst(SB), RODATA|NOPTR, $48
