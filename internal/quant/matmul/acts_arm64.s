//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// This file quantizes activations to 8 bits. quantizeActsGeneric is the portable form.

// SCALE sets F17 to amax/127 and F18 to scale = 127/amax. The lanes of V16 have the bits
// of magnitudes, and amax is the largest of them. If amax is below 2^-100, infinite or
// NaN, scale is 0. Then every value becomes 0, because 0*x is converted to 0 even if it is
// NaN. For any other amax, SCALE sets the condition flags to LO. F20 must be 127, R10 must
// have the bits of 2^-100, and R11 the bits of infinity minus R10.
#define SCALE \
	VUMAXV(16, 16)         \
	FMOVS F16, R12         \
	FDIVS F20, F16, F17    \ // amax/127
	FDIVS F16, F20, F18    \ // 127/amax
	FMOVS F18, R13         \
	SUBW  R10, R12, R12    \
	CMPW  R11, R12         \
	CSELW LO, R13, ZR, R13 \
	FMOVS R13, F18

#define CONSTANTS \
	MOVD  $0x42fe0000, R10 \ // 127
	FMOVS R10, F20         \
	MOVD  $0x0d800000, R10 \ // 2^-100
	MOVD  $0x72000000, R11

// ROUND16 multiplies the 16 float32 in V(a), V(b), V(c) and V(e) by
// scale (F18), rounds them, and stores them as the bytes of V(d).
#define ROUND16(a, b, c, e, d) \
	VFMULS(18, 0, a, a) \
	VFMULS(18, 0, b, b) \
	VFMULS(18, 0, c, c) \
	VFMULS(18, 0, e, e) \
	VFCVTNS(a, a)       \
	VFCVTNS(b, b)       \
	VFCVTNS(c, c)       \
	VFCVTNS(e, e)       \
	VSQXTN4H(a, a)      \
	VSQXTN28H(b, a)     \
	VSQXTN4H(c, c)      \
	VSQXTN28H(e, c)     \
	VSQXTN8B(a, d)      \
	VSQXTN216B(c, d)

// func quantizeQ8NEON(q *int8, d *float32, pairs *uint32, ds, x *float32, nb int)
//
// Registers
//	R0      q
//	R1      d
//	R2      pairs
//	R3      ds
//	R4      x
//	R5      blocks left
//	V0-V7   the values of a block
//	V8, V9  the bytes of the block
//
// quantizeQ8NEON does not round D and DS.
TEXT ·quantizeQ8NEON(SB), NOSPLIT, $0-48
	MOVD q+0(FP), R0
	MOVD d+8(FP), R1
	MOVD pairs+16(FP), R2
	MOVD ds+24(FP), R3
	MOVD x+32(FP), R4
	MOVD nb+40(FP), R5
	CONSTANTS

block:
	FLDPQ (R4), (F0, F1)
	FLDPQ 32(R4), (F2, F3)
	FLDPQ 64(R4), (F4, F5)
	FLDPQ 96(R4), (F6, F7)

	// Magnitudes have the same order as their bits, and NaN comes last.
	VFABS(0, 16)
	VFABS(1, 17)
	VFABS(2, 18)
	VFABS(3, 19)
	VUMAX V17.S4, V16.S4, V16.S4
	VUMAX V19.S4, V18.S4, V18.S4
	VFABS(4, 21)
	VFABS(5, 22)
	VFABS(6, 23)
	VFABS(7, 24)
	VUMAX V22.S4, V21.S4, V21.S4
	VUMAX V24.S4, V23.S4, V23.S4
	VUMAX V18.S4, V16.S4, V16.S4
	VUMAX V23.S4, V21.S4, V21.S4
	VUMAX V21.S4, V16.S4, V16.S4
	SCALE
	ROUND16(0, 1, 2, 3, 8)
	ROUND16(4, 5, 6, 7, 9)
	FSTPQ (F8, F9), (R0)
	FMOVS F17, (R1)

	// Add neighbours. Their sums belong alternately to the low and the high half of pairs.
	VSADDLP8H(8, 8)
	VSADDLP8H(9, 9)
	VADD  V9.H8, V8.H8, V8.H8
	VEXT  $8, V8.B16, V8.B16, V9.B16
	VADD  V9.H8, V8.H8, V8.H8
	VEXT  $4, V8.B16, V8.B16, V9.B16
	VADD  V9.H8, V8.H8, V8.H8
	FMOVS F8, (R2)
	VSADDLP(8, 8)
	VSCVTF(8, 8)
	FMULS F17, F8, F8
	FMOVS F8, (R3)
	ADD   $32, R0
	ADD   $4, R1
	ADD   $4, R2
	ADD   $4, R3
	ADD   $128, R4
	SUBS  $1, R5, R5
	BNE   block
	RET

// func quantizeQ8KNEON(q *int8, d *float32, sums *int16, x *float32, nb int)
//
// Registers
//	R0  q
//	R1  d
//	R2  sums
//	R3  x
//	R4  blocks left
//	R6  the next 16 values of x
//	R7  groups of 16 values left
TEXT ·quantizeQ8KNEON(SB), NOSPLIT, $0-40
	MOVD  q+0(FP), R0
	MOVD  d+8(FP), R1
	MOVD  sums+16(FP), R2
	MOVD  x+24(FP), R3
	MOVD  nb+32(FP), R4
	CONSTANTS
	FMOVS $1.0, F21

block:
	VMOVI $0, V16.B16
	VMOVI $0, V17.B16
	MOVD  R3, R6
	MOVD  $16, R7

largest:
	FLDPQ (R6), (F0, F1)
	FLDPQ 32(R6), (F2, F3)
	VFABS(0, 0)
	VFABS(1, 1)
	VFABS(2, 2)
	VFABS(3, 3)
	VUMAX V1.S4, V0.S4, V0.S4
	VUMAX V3.S4, V2.S4, V2.S4
	VUMAX V0.S4, V16.S4, V16.S4
	VUMAX V2.S4, V17.S4, V17.S4
	ADD   $64, R6
	SUBS  $1, R7, R7
	BNE   largest

	VUMAX  V17.S4, V16.S4, V16.S4
	SCALE
	FDIVS  F18, F21, F19
	FCSELS LO, F19, F17, F17      // 1/scale, if scale is not 0
	FMOVS  F17, (R1)
	ADD    $4, R1
	MOVD   $16, R7

round:
	FLDPQ (R3), (F0, F1)
	FLDPQ 32(R3), (F2, F3)
	ROUND16(0, 1, 2, 3, 8)
	FMOVQ F8, (R0)
	VSADDLP8H(8, 8)
	VADDV V8.H8, V8
	FMOVS F8, R12
	MOVH  R12, (R2)
	ADD   $64, R3
	ADD   $16, R0
	ADD   $2, R2
	SUBS  $1, R7, R7
	BNE   round

	SUBS $1, R4, R4
	BNE  block
	RET
