//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// ROUND_CONSTANTS sets the constants of ROUNDBITS in all lanes: V29
// to 1, V30 to half of the last bit that is kept, minus 1, and V31
// to a mask of the bits that are kept. It overwrites R16 and R17.
#define ROUND_CONSTANTS(drop) \
	MOVD $1, R16        \
	VDUP R16, V29.S4    \
	LSL  drop, R16, R16 \
	NEG  R16, R17       \
	VDUP R17, V31.S4    \
	SUB  $1, R16, R16   \
	LSR  $1, R16, R16   \
	VDUP R16, V30.S4

// ROUNDBITS rounds off the last drop bits of the lanes
// of V17, as roundBits does. It overwrites V26 to V28.
#define ROUNDBITS(drop) \
	VUSHR drop, V17.S4, V26.S4      \
	VAND  V29.B16, V26.B16, V26.B16 \ // the last bit that is kept
	VADD  V30.S4, V17.S4, V27.S4    \
	VADD  V26.S4, V27.S4, V27.S4    \
	VAND  V31.B16, V27.B16, V27.B16 \
	VFCMEQ(17, 17, 28)              \ // 0 for NaN, which is not rounded
	VBIT  V28.B16, V27.B16, V17.B16

// ROUNDALL is the body of a function that rounds the n floats of src to dst.
#define ROUNDALL(drop) \
	MOVD   dst+0(FP), R0    \
	MOVD   src+8(FP), R1    \
	MOVD   n+16(FP), R2     \
	ROUND_CONSTANTS(drop)   \
	loop:                   \
	VLD1.P 16(R1), [V17.S4] \
	ROUNDBITS(drop)         \
	VST1.P [V17.S4], 16(R0) \
	SUBS   $4, R2, R2       \
	BNE    loop             \
	RET

// func roundHalf4NEON(dst, src *float32, n int)
TEXT ·roundHalf4NEON(SB), NOSPLIT, $0-24
	ROUNDALL($13)

// func roundBF164NEON(dst, src *float32, n int)
TEXT ·roundBF164NEON(SB), NOSPLIT, $0-24
	ROUNDALL($16)
