//go:build !purego

#include "textflag.h"

// ROUNDBITS rounds off the last drop bits of the lanes of x, as roundBits does, and writes the
// results to the register to. consts are the constants for drop. ROUNDBITS overwrites t and nan.
#define ROUNDBITS(x, to, t, nan, drop, consts) \
	VPSRLD    drop, x, t            \
	VPAND     consts+0(SB), t, t    \ // the last bit that is kept
	VPADDD    consts+32(SB), x, to  \
	VPADDD    t, to, to             \
	VPAND     consts+64(SB), to, to \
	VCMPPS    $3, x, x, nan         \ // unordered
	VBLENDVPS nan, x, to, to

// ROUNDALL is the body of a function that rounds the n floats of src to dst.
#define ROUNDALL(drop, consts) \
	MOVQ    dst+0(FP), DI                   \
	MOVQ    src+8(FP), SI                   \
	MOVQ    n+16(FP), CX                    \
	loop:                                   \
	VMOVUPS (SI), Y0                        \
	ROUNDBITS(Y0, Y1, Y2, Y3, drop, consts) \
	VMOVUPS Y1, (DI)                        \
	ADDQ    $32, SI                         \
	ADDQ    $32, DI                         \
	SUBQ    $8, CX                          \
	JNZ     loop                            \
	VZEROUPPER                              \
	RET

// func roundHalf8AVX2(dst, src *float32, n int)
TEXT ·roundHalf8AVX2(SB), NOSPLIT, $0-24
	ROUNDALL($13, ·roundHalf)

// func roundBF168AVX2(dst, src *float32, n int)
TEXT ·roundBF168AVX2(SB), NOSPLIT, $0-24
	ROUNDALL($16, ·roundBF16)
