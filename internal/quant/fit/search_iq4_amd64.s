//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file searches scales and finds codes for IQ4_NL and IQ4_XS, with AVX2.
//
//	Y10         values of codes 8 to 15
//	Y11         values of codes 0 to 7
//	Y15 to Y12  midpoints for the first, second, third and fourth comparison

#define TABLES \
	VMOVUPS      ·iq4Tables+iq4TableSet_high(SB), Y10  \
	VMOVUPS      ·iq4Tables+iq4TableSet_low(SB), Y11   \
	VMOVUPS      ·iq4Tables+iq4TableSet_step4(SB), Y12 \
	VMOVUPS      ·iq4Tables+iq4TableSet_step3(SB), Y13 \
	VMOVUPS      ·iq4Tables+iq4TableSet_step2(SB), Y14 \
	VBROADCASTSS ·iq4Tables+iq4TableSet_step1(SB), Y15

// CODE sets Y3 to minus the codes of the weights in Y2, and Y4 to -1
// where a code is 8 or more. iq4_amd64.go explains this binary search.
#define CODE \
	VCMPPS  $5, Y15, Y2, Y4 \ // not less
	VPERMPS Y14, Y4, Y5     \
	VCMPPS  $5, Y5, Y2, Y5  \
	VPADDD  Y4, Y4, Y3      \
	VPADDD  Y5, Y3, Y3      \
	VPERMPS Y13, Y3, Y5     \
	VCMPPS  $5, Y5, Y2, Y5  \
	VPADDD  Y3, Y3, Y3      \
	VPADDD  Y5, Y3, Y3      \
	VPERMPS Y12, Y3, Y5     \
	VCMPPS  $5, Y5, Y2, Y5  \
	VPADDD  Y3, Y3, Y3      \
	VPADDD  Y5, Y3, Y3

// SUMS sets Y0 to Σ w*q*x and Y1 to Σ w*q*q for q nearest to x*Y8.
#define SUMS(loop) \
	VXORPS    Y0, Y0, Y0          \
	VXORPS    Y1, Y1, Y1          \
	MOVQ      AX, SI              \
	loop:                         \
	VMOVUPS   lanes_x(SI), Y6     \
	VMULPS    Y6, Y8, Y2          \
	CODE                          \
	VPERMPS   Y11, Y3, Y5         \
	VPERMPS   Y10, Y3, Y3         \
	VBLENDVPS Y4, Y3, Y5, Y5      \
	VMULPS    lanes_w(SI), Y5, Y3 \
	VMULPS    Y3, Y6, Y6          \
	VADDPS    Y6, Y0, Y0          \
	VMULPS    Y5, Y3, Y3          \
	VADDPS    Y3, Y1, Y1          \
	ADDQ      $32, SI             \
	CMPQ      SI, BX              \
	JNE       loop

// func searchIQ4AVX2(a *lanes)
//
// searchIQ4AVX2 does searchIQ4 for eight runs of 32 weights.
//
//	AX  lanes
//	SI  AX plus the position in x and w
//	BX  the end of SI
//	R9  next numerator
//	DX  trials left
//	Y7  scale*Σ w*q*x of the best trial so far; the best trial has the largest
//	Y8  1/scale
//	Y9  largest weight
TEXT ·searchIQ4AVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	LEAQ 1024(AX), BX

	// Find the weight of largest magnitude. If there are several, find the first.
	VPCMPEQD Y5, Y5, Y5
	VPSRLD   $1, Y5, Y6 // all bits but the sign
	VXORPS   Y9, Y9, Y9
	VXORPS   Y4, Y4, Y4 // the largest magnitude so far
	MOVQ     AX, SI

largest:
	VMOVUPS      lanes_x(SI), Y0
	VANDPS       Y6, Y0, Y1
	VCMPPS       $0x1e, Y4, Y1, Y2  // >
	VBLENDVPS    Y2, Y0, Y9, Y9
	VBLENDVPS    Y2, Y1, Y4, Y4
	ADDQ         $32, SI
	CMPQ         SI, BX
	JNE          largest
	MOVL         $0x26901d7d, CX    // 1e-15
	VMOVD        CX, X5
	VPBROADCASTD X5, Y5
	VCMPPS       $0x11, Y5, Y4, Y7  // <
	VMOVUPS      Y7, lanes_tiny(AX)
	TABLES

	// The first trial maps the largest weight to 127, the
	// end of the range: 1/scale is 1/(largest/127).
	VBROADCASTSS lanes_numer(AX), Y2   // 127
	VDIVPS       Y2, Y9, Y8
	MOVL         $0x3f800000, CX
	VMOVD        CX, X2
	VPBROADCASTD X2, Y2
	VDIVPS       Y8, Y2, Y8
	SUMS(full)
	VXORPS       Y4, Y4, Y4
	VCMPPS       $0x1e, Y4, Y1, Y2     // Σ w*q*q > 0
	VDIVPS       Y1, Y0, Y3
	VANDPS       Y2, Y3, Y3
	VMOVUPS      Y3, lanes_scale(AX)
	VMULPS       Y0, Y3, Y7
	MOVQ         lanes_trials(AX), DX
	LEAQ         lanes_numer+4(AX), R9

trial:
	VBROADCASTSS (R9), Y8
	ADDQ         $4, R9
	VDIVPS       Y9, Y8, Y8
	SUMS(sums)
	VXORPS       Y4, Y4, Y4
	VCMPPS       $0x1e, Y4, Y1, Y2   // Σ w*q*q > 0
	VMULPS       Y0, Y0, Y3
	VMULPS       Y1, Y7, Y4
	VCMPPS       $0x1e, Y4, Y3, Y4   // >
	VANDPS       Y4, Y2, Y2
	VDIVPS       Y1, Y0, Y3
	VMULPS       Y0, Y3, Y4
	VBLENDVPS    Y2, Y4, Y7, Y7
	VMOVUPS      lanes_scale(AX), Y4
	VBLENDVPS    Y2, Y3, Y4, Y4
	VMOVUPS      Y4, lanes_scale(AX)
	DECL         DX
	JNZ          trial
	VMOVUPS      lanes_tiny(AX), Y0
	VANDNPS      Y4, Y0, Y4
	VMOVUPS      Y4, lanes_scale(AX)
	VZEROUPPER
	RET

// func codesIQ4AVX2(q *[32]uint8, x *float32, inv float32)
//
// codesIQ4AVX2 finds the codes of the 32 weights x*inv.
TEXT ·codesIQ4AVX2(SB), NOSPLIT, $0-20
	MOVQ         q+0(FP), DI
	MOVQ         x+8(FP), SI
	VBROADCASTSS inv+16(FP), Y8
	TABLES
	VXORPS       Y9, Y9, Y9
	MOVQ         $4, CX

loop:
	VMULPS       (SI), Y8, Y2
	CODE
	VPSUBD       Y3, Y9, Y3
	VEXTRACTI128 $1, Y3, X4
	VPACKUSDW    X4, X3, X3
	VPACKUSWB    X3, X3, X3
	VMOVQ        X3, (DI)
	ADDQ         $32, SI
	ADDQ         $8, DI
	DECQ         CX
	JNZ          loop
	VZEROUPPER
	RET
