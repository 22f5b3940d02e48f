// Macros of the loops that need e^x or the sum of a vector's lanes. The constants
// are in exp_amd64.s.

// EXP replaces x by e^x, operation by operation as Exp32. VMAXPS and VMINPS give
// their last source, x, where it is NaN. Clobbers a, b, c.
#define EXP(x, a, b, c) \
	VMOVUPS ·expConst+0(SB), a       \
	VMAXPS  x, a, x                   \
	VMOVUPS ·expConst+32(SB), a      \
	VMINPS  x, a, x                   \
	VMOVUPS ·expConst+64(SB), a       \
	VFMADD213PS ·expConst+96(SB), x, a \ // z = x*log2e + shift
	VSUBPS  ·expConst+96(SB), a, b   \ // nf
	VPSUBD  ·expConst+96(SB), a, a   \ // n
	VFNMADD231PS ·expConst+128(SB), b, x \
	VFNMADD231PS ·expConst+160(SB), b, x \ // r
	VMOVUPS ·expConst+192(SB), c     \
	VFMADD213PS ·expConst+224(SB), x, c \
	VFMADD213PS ·expConst+256(SB), x, c \
	VFMADD213PS ·expConst+288(SB), x, c \
	VFMADD213PS ·expConst+320(SB), x, c \ // p
	VFMADD213PS ·expConst+352(SB), x, c \
	VFMADD213PS ·expConst+352(SB), x, c \ // 1 + r*(1 + r*p)
	VPSRAD  $1, a, b                  \ // half
	VPSUBD  b, a, a                   \
	VPADDD  ·expConst+384(SB), b, b  \
	VPADDD  ·expConst+384(SB), a, a  \
	VPSLLD  $23, b, b                 \
	VPSLLD  $23, a, a                 \
	VMULPS  b, c, x                   \
	VMULPS  a, x, x

// SUM8 adds the lanes of y, whose low half is x, by sum8's tree; th and t are
// scratch, th the low half of t.
#define SUM8(x, y, th, t) \
	VEXTRACTF128 $1, y, th \
	VADDPS   th, x, x      \ // s0+s4, s1+s5, s2+s6, s3+s7
	VMOVHLPS x, x, th      \
	VADDPS   th, x, x      \ // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7)
	VMOVSHDUP x, th        \
	VADDSS   th, x, x

