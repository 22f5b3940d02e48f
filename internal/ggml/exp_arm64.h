// Macros of the loops that need e^x or the sum of eight lanes. The
// constants are in exp_arm64.s.

// EXP_CONSTANTS puts the constants of Exp32 into V16 to V28. Clobbers R16.
#define EXP_CONSTANTS \
	MOVD  $·expConst(SB), R16                      \
	VLD1R.P 4(R16), [V16.S4]                        \ // least
	VLD1R.P 4(R16), [V17.S4]                        \ // most
	VLD1R.P 4(R16), [V18.S4]                        \ // log2e
	VLD1R.P 4(R16), [V19.S4]                        \ // shift
	VLD1R.P 4(R16), [V20.S4]                        \ // ln2hi
	VLD1R.P 4(R16), [V21.S4]                        \ // ln2lo
	VLD1R.P 4(R16), [V22.S4]                        \ // p4
	VLD1R.P 4(R16), [V23.S4]                        \ // p3
	VLD1R.P 4(R16), [V24.S4]                        \ // p2
	VLD1R.P 4(R16), [V25.S4]                        \ // p1
	VLD1R.P 4(R16), [V26.S4]                        \ // p0
	VLD1R.P 4(R16), [V27.S4]                        \ // 1
	VLD1R.P 4(R16), [V28.S4]                        // 127

// EXP replaces x by e^x, operation by operation as Exp32. VFMAX and VFMIN keep a
// NaN. Clobbers a, b, c.
#define EXP(x, a, b, c) \
	VFMAX(16, x, x)                                 \
	VFMIN(17, x, x)                                 \
	VFMUL(18, x, a)                                 \
	VFADD(19, a, a)                                 \ // z
	VFSUB(19, a, b)                                 \ // nf
	VSUB4S(19, a, a)                                \ // n
	VFMUL(20, b, c)                                 \
	VFSUB(c, x, x)                                  \
	VFMUL(21, b, c)                                 \
	VFSUB(c, x, x)                                  \ // r
	VFMUL(22, x, b)                                 \
	VFADD(23, b, b)                                 \
	VFMUL(x, b, b)                                  \
	VFADD(24, b, b)                                 \
	VFMUL(x, b, b)                                  \
	VFADD(25, b, b)                                 \
	VFMUL(x, b, b)                                  \
	VFADD(26, b, b)                                 \ // p
	VFMUL(x, x, c)                                  \
	VFMUL(b, c, c)                                  \
	VFADD(x, c, c)                                  \
	VFADD(27, c, x)                                 \ // r*r*p + r + 1
	VSSHR4S(1, a, b)                                \ // half
	VSUB4S(b, a, a)                                 \
	VADD4S(28, b, b)                                \
	VADD4S(28, a, a)                                \
	VSHL4S(23, b, b)                                \
	VSHL4S(23, a, a)                                \
	VFMUL(b, x, x)                                  \
	VFMUL(a, x, x)

// SUM8 adds eight lanes, j and j+4 in element j of a and b, by quant.DotF32's tree
// into element 0 of a.
#define SUM8(a, b) \
	VFADD(b, a, a)                                  \ // s0+s4, s1+s5, s2+s6, s3+s7
	VEXT8(a, a, b)                                  \
	VFADD(b, a, a)                                  \ // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7)
	VFADDP(a, a, a)
