//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file does searchScaleMin for eight runs at once, with AVX2. Here,
// the minimum is the value of integer 0, as lo is in searchScaleMin.
//
//	AX   lanes
//	SI   AX plus the position in x, w and t
//	BX   the end of SI
//	R8   absolute
//	R9   next numerator
//	DX   trials left
//	Y8   1/scale
//	Y9   largest weight
//	Y10  minimum of the best trial so far
//	Y11  0
//	Y12  top
//	Y13  0x400000
//	Y14  0x7fffff
//	Y15  1.5*2^23

// ROUND rounds y to the nearest integer as Nearest does, limits it to 0..top and converts
// it to float32.
#define ROUND(y) \
	VADDPS    Y15, y, y \
	VPAND     Y14, y, y \
	VPSUBD    Y13, y, y \
	VPMAXSD   Y11, y, y \
	VPMINSD   Y12, y, y \
	VCVTDQ2PS y, y

// ERROR sets y to scale*t + minimum - x. The scale is in Y3 and the minimum in Y5.
#define ERROR(y) \
	VMULPS lanes_t(SI), Y3, y \
	VADDPS Y5, y, y           \
	VSUBPS lanes_x(SI), y, y

// WEIGH adds w*y to the loss in Y0.
#define WEIGH(y) \
	VMULPS lanes_w(SI), y, y \
	VADDPS y, Y0, Y0

#define NEXT(loop) \
	ADDQ $32, SI \
	CMPQ SI, BX  \
	JNE  loop

// func searchMinAVX2(a *lanes, absolute bool)
TEXT ·searchMinAVX2(SB), NOSPLIT, $0-9
	MOVQ    a+0(FP), AX
	MOVBLZX absolute+8(FP), R8
	MOVQ    lanes_n(AX), BX
	SHLQ    $5, BX
	ADDQ    AX, BX

	VXORPS       Y11, Y11, Y11
	VPBROADCASTD lanes_high(AX), Y12
	MOVL         $0x400000, CX
	VMOVD        CX, X13
	VPBROADCASTD X13, Y13
	MOVL         $0x7fffff, CX
	VMOVD        CX, X14
	VPBROADCASTD X14, Y14
	MOVL         $0x4b400000, CX
	VMOVD        CX, X15
	VPBROADCASTD X15, Y15

	// Compute the range and the sums of w and w*x. If two values are
	// equal, as 0 and -0 are, the first must stay. VMINPS and VMAXPS
	// return their second source, in Intel's order, in this case.
	MOVQ    AX, SI
	VMOVUPS lanes_x(SI), Y10
	VMOVAPS Y10, Y9
	VMOVUPS lanes_w(SI), Y0
	VMULPS  Y0, Y10, Y1
	JMP     rangeNext

rangeLoop:
	VMOVUPS lanes_x(SI), Y3
	VMINPS  Y10, Y3, Y10
	VMAXPS  Y9, Y3, Y9
	VMOVUPS lanes_w(SI), Y4
	VADDPS  Y4, Y0, Y0
	VMULPS  Y4, Y3, Y3
	VADDPS  Y3, Y1, Y1

rangeNext:
	NEXT(rangeLoop)
	VMOVUPS Y0, lanes_sumW(AX)
	VMOVUPS Y1, lanes_sumX(AX)
	VMINPS  Y10, Y11, Y10      // a minimum above 0 becomes 0

	// Try the full range first.
	VCMPPS       $0, Y10, Y9, Y7     // all weights are equal
	VMOVUPS      Y7, lanes_tiny(AX)
	VSUBPS       Y10, Y9, Y3
	VBROADCASTSS lanes_numer(AX), Y8
	VDIVPS       Y3, Y8, Y8
	MOVL         $0x3f800000, CX
	VMOVD        CX, X3
	VPBROADCASTD X3, Y3
	VDIVPS       Y8, Y3, Y3
	VMOVUPS      Y3, lanes_scale(AX)
	VMOVUPS      Y8, lanes_inv(AX)
	VMOVUPS      Y10, lanes_from(AX)
	VMOVAPS      Y10, Y5
	MOVQ         AX, SI

fullLoop:
	VMOVUPS lanes_x(SI), Y4
	VSUBPS  Y10, Y4, Y4
	VMULPS  Y8, Y4, Y4
	ROUND(Y4)
	VMOVUPS Y4, lanes_t(SI)
	NEXT(fullLoop)
	XORL    DX, DX
	JMP     loss            // then the code jumps to fullLoss, because DX is 0

fullLoss:
	VMOVUPS Y0, lanes_best(AX)
	MOVQ    lanes_trials(AX), DX
	LEAQ    lanes_numer+4(AX), R9

trial:
	VSUBPS       Y10, Y9, Y3
	VBROADCASTSS (R9), Y8
	ADDQ         $4, R9
	VDIVPS       Y3, Y8, Y8
	VXORPS       Y0, Y0, Y0  // Σ w*q
	VXORPS       Y1, Y1, Y1  // Σ w*q*q
	VXORPS       Y2, Y2, Y2  // Σ w*q*x
	MOVQ         AX, SI

sums:
	VMOVUPS lanes_x(SI), Y3
	VSUBPS  Y10, Y3, Y4
	VMULPS  Y8, Y4, Y4
	ROUND(Y4)
	VMOVUPS Y4, lanes_t(SI)
	VMULPS  lanes_w(SI), Y4, Y5
	VADDPS  Y5, Y0, Y0
	VMULPS  Y5, Y3, Y3
	VADDPS  Y3, Y2, Y2
	VMULPS  Y5, Y4, Y5
	VADDPS  Y5, Y1, Y1
	NEXT(sums)

	// Compute the least-squares line: the scale goes to Y3 and the
	// minimum to Y5. Y6 is -1 in the lanes whose runs have such a line.
	VMOVUPS   lanes_sumW(AX), Y3
	VMULPS    Y1, Y3, Y4
	VMULPS    Y0, Y0, Y5
	VSUBPS    Y5, Y4, Y4         // determinant
	VCMPPS    $0x1e, Y11, Y4, Y6 // > 0
	VMOVMSKPS Y6, CX
	TESTL     CX, CX
	JZ        trialNext
	VMOVUPS   lanes_sumX(AX), Y5
	VMULPS    Y2, Y3, Y3
	VMULPS    Y0, Y5, Y7
	VSUBPS    Y7, Y3, Y3
	VDIVPS    Y4, Y3, Y3
	VMULPS    Y1, Y5, Y5
	VMULPS    Y2, Y0, Y7
	VSUBPS    Y7, Y5, Y5
	VDIVPS    Y4, Y5, Y5
	VCMPPS    $0x1e, Y11, Y5, Y7 // where the minimum is above 0, take the line through 0
	VDIVPS    Y1, Y2, Y4
	VBLENDVPS Y7, Y4, Y3, Y3
	VANDNPS   Y5, Y7, Y5

loss:
	VXORPS Y0, Y0, Y0
	MOVQ   AX, SI
	TESTL  R8, R8
	JNZ    absLoss

squareLoss:
	ERROR(Y1)
	VMULPS Y1, Y1, Y1
	WEIGH(Y1)
	NEXT(squareLoss)
	JMP    lossDone

absLoss:
	VPCMPEQD Y2, Y2, Y2
	VPSRLD   $1, Y2, Y2

absLossLoop:
	ERROR(Y1)
	VANDPS Y2, Y1, Y1
	WEIGH(Y1)
	NEXT(absLossLoop)

lossDone:
	TESTL DX, DX
	JZ    fullLoss

	VCMPPS    $0x11, lanes_best(AX), Y0, Y1 // <
	VANDPS    Y6, Y1, Y1
	VMOVMSKPS Y1, CX
	TESTL     CX, CX
	JZ        trialNext
	VMOVUPS   lanes_best(AX), Y2
	VBLENDVPS Y1, Y0, Y2, Y2
	VMOVUPS   Y2, lanes_best(AX)
	VMOVUPS   lanes_scale(AX), Y2
	VBLENDVPS Y1, Y3, Y2, Y2
	VMOVUPS   Y2, lanes_scale(AX)
	VMOVUPS   lanes_inv(AX), Y2
	VBLENDVPS Y1, Y8, Y2, Y2
	VMOVUPS   Y2, lanes_inv(AX)
	VMOVUPS   lanes_from(AX), Y2
	VBLENDVPS Y1, Y10, Y2, Y2
	VMOVUPS   Y2, lanes_from(AX)
	VBLENDVPS Y1, Y5, Y10, Y10

trialNext:
	DECL DX
	JNZ  trial

	// Where all weights are equal, the scale is 0.
	VMOVUPS lanes_tiny(AX), Y0
	VMOVUPS lanes_scale(AX), Y1
	VANDNPS Y1, Y0, Y1
	VMOVUPS Y1, lanes_scale(AX)
	VMOVUPS Y10, lanes_lo(AX)
	VZEROUPPER
	RET
