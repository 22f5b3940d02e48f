//go:build !purego

#include "textflag.h"

// expConst has the constants of fmath.Exp32, each in 8 lanes.
#define EXP_CONST(off, bits) \
DATA ·expConst+(off+0)(SB)/4, $bits \
DATA ·expConst+(off+4)(SB)/4, $bits \
DATA ·expConst+(off+8)(SB)/4, $bits \
DATA ·expConst+(off+12)(SB)/4, $bits \
DATA ·expConst+(off+16)(SB)/4, $bits \
DATA ·expConst+(off+20)(SB)/4, $bits \
DATA ·expConst+(off+24)(SB)/4, $bits \
DATA ·expConst+(off+28)(SB)/4, $bits

EXP_CONST(0, 0xc2b00000)   // least, -88
EXP_CONST(32, 0x42b20000)  // most, 89
EXP_CONST(64, 0x3fb8aa3b)  // log2e
EXP_CONST(96, 0x4b400000)  // shift, 0x1.8p23
EXP_CONST(128, 0x3f317200) // ln2hi
EXP_CONST(160, 0x35bfbe8e) // ln2lo
EXP_CONST(192, 0x3ab688ff) // p4
EXP_CONST(224, 0x3c090631) // p3
EXP_CONST(256, 0x3d2aaa8c) // p2
EXP_CONST(288, 0x3e2aaa6e) // p1
EXP_CONST(320, 0x3f000000) // p0
EXP_CONST(352, 0x3f800000) // 1
EXP_CONST(384, 0x80000000) // sign
EXP_CONST(416, 0xff800000) // -Inf

GLOBL ·expConst(SB), RODATA|NOPTR, $448

