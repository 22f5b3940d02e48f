//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file does SearchSigned and refineSigned for eight runs at once, with AVX2.
//
//	AX        lanes
//	SI        AX plus the position in x, w and t
//	BX        the end of SI
//	R9        next numerator
//	DX        trials left
//	Y8        1/scale
//	Y9        largest weight
//	Y10       scale*Σ w*x*q of the best trial so far; the best trial has the largest
//	Y11, Y12  -half and half-1
//	Y13       0x400000
//	Y14       0x7fffff
//	Y15       1.5*2^23

// ROUND rounds y to the nearest integer as Nearest does, limits it to -half..half-1 and
// converts it to float32.
#define ROUND(y) \
	VADDPS    Y15, y, y \
	VPAND     Y14, y, y \
	VPSUBD    Y13, y, y \
	VPMAXSD   Y11, y, y \
	VPMINSD   Y12, y, y \
	VCVTDQ2PS y, y

// CONSTANTS loads Y11 to Y15 and BX.
#define CONSTANTS \
	MOVQ         lanes_n(AX), BX     \
	SHLQ         $5, BX              \
	ADDQ         AX, BX              \
	VPBROADCASTD lanes_low(AX), Y11  \
	VPBROADCASTD lanes_high(AX), Y12 \
	MOVL         $0x400000, CX       \
	VMOVD        CX, X13             \
	VPBROADCASTD X13, Y13            \
	MOVL         $0x7fffff, CX       \
	VMOVD        CX, X14             \
	VPBROADCASTD X14, Y14            \
	MOVL         $0x4b400000, CX     \
	VMOVD        CX, X15             \
	VPBROADCASTD X15, Y15

#define NEXT(loop) \
	ADDQ $32, SI \
	CMPQ SI, BX  \
	JNE  loop

// LARGEST sets Y9 to the weight of largest magnitude, with its sign. If several weights
// have this magnitude, LARGEST takes the first of them. It sets Y7, and lanes.tiny, to
// -1 in the lanes whose largest magnitude is below 1e-15. It also sets t = w*x.
#define LARGEST(loop) \
	VPCMPEQD     Y5, Y5, Y5          \
	VPSRLD       $1, Y5, Y5          \ // all bits but the sign
	VXORPS       Y9, Y9, Y9          \
	VXORPS       Y4, Y4, Y4          \ // the largest magnitude so far
	MOVQ         AX, SI              \
	loop:                            \
	VMOVUPS      lanes_x(SI), Y0     \
	VMULPS       lanes_w(SI), Y0, Y1 \
	VMOVUPS      Y1, lanes_t(SI)     \
	VANDPS       Y5, Y0, Y1          \
	VCMPPS       $0x1e, Y4, Y1, Y2   \ // >
	VBLENDVPS    Y2, Y0, Y9, Y9      \
	VBLENDVPS    Y2, Y1, Y4, Y4      \
	NEXT(loop)                       \
	MOVL         $0x26901d7d, CX     \ // 1e-15
	VMOVD        CX, X5              \
	VPBROADCASTD X5, Y5              \
	VCMPPS       $0x11, Y5, Y4, Y7   \ // <
	VMOVUPS      Y7, lanes_tiny(AX)

// SUMS sets Y0 to Σ w*x*q and Y1 to Σ w*q*q for q = x*Y8, rounded.
#define SUMS(loop) \
	VXORPS Y0, Y0, Y0          \
	VXORPS Y1, Y1, Y1          \
	MOVQ   AX, SI              \
	loop:                      \
	VMULPS lanes_x(SI), Y8, Y2 \
	ROUND(Y2)                  \
	VMULPS lanes_w(SI), Y2, Y3 \
	VMULPS Y3, Y2, Y3          \
	VADDPS Y3, Y1, Y1          \
	VMULPS lanes_t(SI), Y2, Y2 \
	VADDPS Y2, Y0, Y0          \
	NEXT(loop)

// func searchSignedAVX2(a *lanes)
TEXT ·searchSignedAVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	CONSTANTS
	LARGEST(largest)

	// Try the full range first. Its scale becomes the first
	// candidate, whatever its error is; 0/0 counts as 0.
	VBROADCASTSS lanes_numer(AX), Y8
	VDIVPS       Y9, Y8, Y8
	SUMS(full)
	VXORPS       Y4, Y4, Y4
	VCMPPS       $4, Y4, Y1, Y2        // !=
	VDIVPS       Y1, Y0, Y3
	VANDPS       Y2, Y3, Y3
	VMOVUPS      Y3, lanes_scale(AX)
	VMULPS       Y0, Y3, Y10
	VMOVUPS      Y8, lanes_inv(AX)
	MOVQ         lanes_trials(AX), DX
	DECL         DX
	LEAQ         lanes_numer+4(AX), R9

trial:
	VBROADCASTSS (R9), Y8
	ADDQ         $4, R9
	VDIVPS       Y9, Y8, Y8
	SUMS(sums)
	VXORPS       Y4, Y4, Y4
	VCMPPS       $0x1e, Y4, Y1, Y2   // Σ w*q*q > 0
	VMULPS       Y0, Y0, Y3
	VMULPS       Y1, Y10, Y4
	VCMPPS       $0x1e, Y4, Y3, Y4   // >
	VANDPS       Y4, Y2, Y2
	VMOVMSKPS    Y2, CX
	TESTL        CX, CX
	JZ           next
	VDIVPS       Y1, Y0, Y3
	VMULPS       Y0, Y3, Y4
	VBLENDVPS    Y2, Y4, Y10, Y10
	VMOVUPS      lanes_scale(AX), Y4
	VBLENDVPS    Y2, Y3, Y4, Y4
	VMOVUPS      Y4, lanes_scale(AX)
	VMOVUPS      lanes_inv(AX), Y4
	VBLENDVPS    Y2, Y8, Y4, Y4
	VMOVUPS      Y4, lanes_inv(AX)

next:
	DECL    DX
	JNZ     trial
	VMOVUPS lanes_scale(AX), Y4
	VANDNPS Y4, Y7, Y4
	VMOVUPS Y4, lanes_scale(AX)
	VZEROUPPER
	RET

// func refineSignedAVX2(a *lanes)
//
// refineSignedAVX2 does refineSigned for eight runs of 16 weights.
// It leaves the integers, as float32, in the second half of lanes.x.
//
//	Y0  Σ w*x*q
//	Y1  Σ w*q*q
//	Y6  -1 in the lanes where an integer has changed
TEXT ·refineSignedAVX2(SB), NOSPLIT, $0-8
	MOVQ         a+0(FP), AX
	CONSTANTS
	LARGEST(largest)
	VBROADCASTSS lanes_numer(AX), Y8
	VDIVPS       Y9, Y8, Y8
	SUMS(full)

	// Store the integers of the full range behind the 16 weights.
	MOVQ AX, SI

store:
	VMULPS  lanes_x(SI), Y8, Y2
	ROUND(Y2)
	VMOVUPS Y2, (lanes_x+16*32)(SI)
	NEXT(store)
	MOVQ    $5, DX

sweep:
	VXORPS Y6, Y6, Y6
	MOVQ   AX, SI

weight:
	VMOVUPS   lanes_t(SI), Y3         // w*x
	VMOVUPS   (lanes_x+16*32)(SI), Y2 // q
	VMULPS    Y2, Y3, Y4
	VSUBPS    Y4, Y0, Y4              // Σ w*x*q without this weight
	VXORPS    Y8, Y8, Y8
	VCMPPS    $0x1e, Y8, Y4, Y9       // > 0
	VMULPS    lanes_w(SI), Y2, Y5
	VMULPS    Y2, Y5, Y5
	VSUBPS    Y5, Y1, Y5              // Σ w*q*q without this weight
	VMULPS    lanes_x(SI), Y5, Y8
	VDIVPS    Y4, Y8, Y8
	ROUND(Y8)                         // the best integer for this weight
	VCMPPS    $4, Y2, Y8, Y10         // the integer changes
	VANDPS    Y10, Y9, Y9
	VMULPS    Y8, Y3, Y3
	VADDPS    Y3, Y4, Y4
	VMULPS    lanes_w(SI), Y8, Y3
	VMULPS    Y8, Y3, Y3
	VADDPS    Y3, Y5, Y5
	VXORPS    Y3, Y3, Y3
	VCMPPS    $0x1e, Y3, Y5, Y10      // Σ w*q*q > 0
	VANDPS    Y10, Y9, Y9
	VMULPS    Y4, Y4, Y3
	VMULPS    Y1, Y3, Y3
	VMULPS    Y0, Y0, Y10
	VMULPS    Y5, Y10, Y10
	VCMPPS    $0x1e, Y10, Y3, Y3      // a smaller error
	VANDPS    Y3, Y9, Y9
	VORPS     Y9, Y6, Y6
	VBLENDVPS Y9, Y4, Y0, Y0
	VBLENDVPS Y9, Y5, Y1, Y1
	VBLENDVPS Y9, Y8, Y2, Y2
	VMOVUPS   Y2, (lanes_x+16*32)(SI)
	NEXT(weight)
	VMOVMSKPS Y6, CX
	TESTL     CX, CX
	JZ        done
	DECL      DX
	JNZ       sweep

done:
	VDIVPS  Y1, Y0, Y0
	VANDNPS Y0, Y7, Y0
	VMOVUPS Y0, lanes_scale(AX)
	VZEROUPPER
	RET
