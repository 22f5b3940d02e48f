// This file has macros for loops that need e^x or the sum
// of a vector's lanes. exp_amd64.s has the constants.

// EXP4 replaces each x in Y0 to Y3 by e^x, with the operations of fmath.Exp32. Each x must
// be at most 89, or NaN. VMAXPS keeps a NaN in x, because x is its last source in Intel's
// order. The steps of the four vectors are interleaved, because one vector after the other
// would take longer. EXP4 clobbers Y4 to Y7 (z), Y8 to Y11 (n, then the polynomial) and Y15.
#define EXP4 \
	CONST(0)                \
	VMAXPS Y0, Y15, Y0; VMAXPS Y1, Y15, Y1; VMAXPS Y2, Y15, Y2; VMAXPS Y3, Y15, Y3 \
	CONST(64)               \
	VMOVAPS Y15, Y4; VMOVAPS Y15, Y5; VMOVAPS Y15, Y6; VMOVAPS Y15, Y7 \
	CONST(96)               \ // z = x*log2e + shift
	VFMADD213PS Y15, Y0, Y4; VFMADD213PS Y15, Y1, Y5; VFMADD213PS Y15, Y2, Y6; VFMADD213PS Y15, Y3, Y7 \
	VSUBPS Y15, Y4, Y8; VSUBPS Y15, Y5, Y9; VSUBPS Y15, Y6, Y10; VSUBPS Y15, Y7, Y11 \
	CONST(128) REDUCE4      \
	CONST(160) REDUCE4      \ // r
	CONST(192)              \
	VMOVAPS Y15, Y8; VMOVAPS Y15, Y9; VMOVAPS Y15, Y10; VMOVAPS Y15, Y11 \
	CONST(224) TERM4        \
	CONST(256) TERM4        \
	CONST(288) TERM4        \
	CONST(320) TERM4        \ // p
	CONST(352) TERM4 TERM4  \ // 1 + r*(1 + r*p)
	VPSLLD $23, Y4, Y4; VPSLLD $23, Y5, Y5; VPSLLD $23, Y6, Y6; VPSLLD $23, Y7, Y7 \
	VPADDD Y15, Y4, Y4; VPADDD Y15, Y5, Y5; VPADDD Y15, Y6, Y6; VPADDD Y15, Y7, Y7 \ // 2^n
	VMULPS Y4, Y8, Y0; VMULPS Y5, Y9, Y1; VMULPS Y6, Y10, Y2; VMULPS Y7, Y11, Y3

#define CONST(off) VMOVUPS ·expConst+off(SB), Y15;

// REDUCE4 computes x -= n*Y15, and TERM4 computes
// polynomial = polynomial*x + Y15, for all four vectors.
#define REDUCE4 \
	VFNMADD231PS Y15, Y8, Y0; VFNMADD231PS Y15, Y9, Y1; VFNMADD231PS Y15, Y10, Y2; VFNMADD231PS Y15, Y11, Y3;
#define TERM4 \
	VFMADD213PS Y15, Y0, Y8; VFMADD213PS Y15, Y1, Y9; VFMADD213PS Y15, Y2, Y10; VFMADD213PS Y15, Y3, Y11;

// x is the low half of y, and th is the low half of t. SUM8 sets lane 0 of x to the sum of y's
// eight lanes, in the order of kernel.Sum8. It clobbers t and the other lanes of y.
#define SUM8(x, y, th, t) \
	VEXTRACTF128 $1, y, th \
	VADDPS   th, x, x      \ // s0+s4, s1+s5, s2+s6, s3+s7
	VMOVHLPS x, x, th      \
	VADDPS   th, x, x      \ // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7)
	VMOVSHDUP x, th        \
	VADDSS   th, x, x

