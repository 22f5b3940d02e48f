// This file has macros for loops that need e^x or the
// sum of eight lanes. exp_arm64.s has the constants.

// EXP_CONSTANTS puts the constants of fmath.Exp32 into V18 to V26. EXP_CONSTANTS clobbers R16.
//
//	V18  log2e, ln2hi, ln2lo, p4
//	V19  least
//	V20  most
//	V21  shift
//	V22  p3
//	V23  p2
//	V24  p1
//	V25  p0
//	V26  1
#define EXP_CONSTANTS \
	MOVD    $·expConst(SB), R16 \
	VLD1.P  16(R16), [V18.S4]   \
	VLD1R.P 4(R16), [V19.S4]    \
	VLD1R.P 4(R16), [V20.S4]    \
	VLD1R.P 4(R16), [V21.S4]    \
	VLD1R.P 4(R16), [V22.S4]    \
	VLD1R.P 4(R16), [V23.S4]    \
	VLD1R.P 4(R16), [V24.S4]    \
	VLD1R.P 4(R16), [V25.S4]    \
	VLD1R.P 4(R16), [V26.S4]

// These macros do an operation four times, with registers n to n+3 as sources and d to d+3 as
// destinations. Macros whose names end in X use register m in all four; the others use m to m+3.
#define FMUL4(m, n, d)       VFMUL(m, n, d); VFMUL(m+1, n+1, d+1); VFMUL(m+2, n+2, d+2); VFMUL(m+3, n+3, d+3)
#define FADD4(m, n, d)       VFADD(m, n, d); VFADD(m+1, n+1, d+1); VFADD(m+2, n+2, d+2); VFADD(m+3, n+3, d+3)
#define FMUL4X(m, i, n, d)   VFMULS(m, i, n, d); VFMULS(m, i, n+1, d+1); VFMULS(m, i, n+2, d+2); VFMULS(m, i, n+3, d+3)
#define FMLA4(m, n, d)       VFMLA4S(m, n, d); VFMLA4S(m+1, n+1, d+1); VFMLA4S(m+2, n+2, d+2); VFMLA4S(m+3, n+3, d+3)
#define FMLA4X(m, i, n, d)   VFMLAS(m, i, n, d); VFMLAS(m, i, n+1, d+1); VFMLAS(m, i, n+2, d+2); VFMLAS(m, i, n+3, d+3)
#define FMLS4X(m, i, n, d)   VFMLSS(m, i, n, d); VFMLSS(m, i, n+1, d+1); VFMLSS(m, i, n+2, d+2); VFMLSS(m, i, n+3, d+3)
#define MOV4X(n, d)          VMOV16B(n, d); VMOV16B(n, d+1); VMOV16B(n, d+2); VMOV16B(n, d+3)
#define FADD4X(m, n, d)      VFADD(m, n, d); VFADD(m, n+1, d+1); VFADD(m, n+2, d+2); VFADD(m, n+3, d+3)
#define FSUB4X(m, n, d)      VFSUB(m, n, d); VFSUB(m, n+1, d+1); VFSUB(m, n+2, d+2); VFSUB(m, n+3, d+3)
#define FMAX4X(m, n, d)      VFMAX(m, n, d); VFMAX(m, n+1, d+1); VFMAX(m, n+2, d+2); VFMAX(m, n+3, d+3)
#define FMIN4X(m, n, d)      VFMIN(m, n, d); VFMIN(m, n+1, d+1); VFMIN(m, n+2, d+2); VFMIN(m, n+3, d+3)
#define ADD4X(m, n, d)       VADD4S(m, n, d); VADD4S(m, n+1, d+1); VADD4S(m, n+2, d+2); VADD4S(m, n+3, d+3)
#define SHL4(s, n, d)        VSHL4S(s, n, d); VSHL4S(s, n+1, d+1); VSHL4S(s, n+2, d+2); VSHL4S(s, n+3, d+3)

// EXP4 replaces each x in V0 to V3 by e^x, with the operations of fmath.Exp32.
// Each x must be at most 89, or NaN. FMAX keeps a NaN. Four vectors at once
// hide the latency of the operations. EXP4 clobbers V4 to V15: z is in V4 to
// V7, and the polynomial alternates between V8 to V11 and V12 to V15.
#define EXP4 \
	FMAX4X(19, 0, 0)    \
	MOV4X(21, 4)        \
	FMLA4X(18, 0, 0, 4) \ // z = x*log2e + shift
	FSUB4X(21, 4, 8)    \ // n = z - shift
	FMLS4X(18, 1, 8, 0) \
	FMLS4X(18, 2, 8, 0) \ // r = x - n*ln2hi - n*ln2lo
	MOV4X(22, 8)        \
	FMLA4X(18, 3, 0, 8) \
	MOV4X(23, 12)       \
	FMLA4(8, 0, 12)     \
	MOV4X(24, 8)        \
	FMLA4(12, 0, 8)     \
	MOV4X(25, 12)       \
	FMLA4(8, 0, 12)     \ // p
	MOV4X(26, 8)        \
	FMLA4(12, 0, 8)     \
	MOV4X(26, 12)       \
	FMLA4(8, 0, 12)     \ // y = 1 + r*(1 + r*p)
	SHL4(23, 4, 4)      \
	ADD4X(26, 4, 4)     \ // 2^n
	FMUL4(4, 12, 0)

// SUM8 sets element 0 of a to the sum of eight lanes, added in the
// order of kernel.Sum8. a has lanes 0 to 3, and b has lanes 4 to 7.
#define SUM8(a, b) \
	VFADD(b, a, a)  \ // s0+s4, s1+s5, s2+s6, s3+s7
	VEXT8(a, a, b)  \
	VFADD(b, a, a)  \ // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7)
	VFADDP(a, a, a)
