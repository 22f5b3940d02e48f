//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file arranges runs of weights in lanes, and computes how much the error of each
// weight counts, with AVX2.

// TRANSPOSE4 transposes eight rows of four columns. The lower half of Yr, r from 0 to 3, holds
// row r, and the upper half holds row r+4. Y4 to Y7 become the columns. Notes are row.column.
#define TRANSPOSE4 \
	VUNPCKLPS Y1, Y0, Y8  \ // 0.0 1.0 0.1 1.1
	VUNPCKHPS Y1, Y0, Y9  \ // 0.2 1.2 0.3 1.3
	VUNPCKLPS Y3, Y2, Y10 \
	VUNPCKHPS Y3, Y2, Y11 \
	VUNPCKLPD Y10, Y8, Y4 \
	VUNPCKHPD Y10, Y8, Y5 \
	VUNPCKLPD Y11, Y9, Y6 \
	VUNPCKHPD Y11, Y9, Y7

// func toLanesAVX2(dst, src *float32, n int)
//
// toLanesAVX2 sets dst[i*8+j] = src[j*n+i] for 8 runs j of n weights. n must be a multiple of 4.
//
//	SI, R9  the next four weights of run 0, and of run 4
//	DX, R8  bytes from run to run, three times that
TEXT ·toLanesAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ src+8(FP), SI
	MOVQ n+16(FP), CX
	LEAQ (CX*4), DX
	LEAQ (DX)(DX*2), R8
	LEAQ (SI)(DX*4), R9
	SHRQ $2, CX

loop:
	VMOVUPS     (SI), X0
	VMOVUPS     (SI)(DX*1), X1
	VMOVUPS     (SI)(DX*2), X2
	VMOVUPS     (SI)(R8*1), X3
	VINSERTF128 $1, (R9), Y0, Y0
	VINSERTF128 $1, (R9)(DX*1), Y1, Y1
	VINSERTF128 $1, (R9)(DX*2), Y2, Y2
	VINSERTF128 $1, (R9)(R8*1), Y3, Y3
	TRANSPOSE4
	VMOVUPS     Y4, (DI)
	VMOVUPS     Y5, 32(DI)
	VMOVUPS     Y6, 64(DI)
	VMOVUPS     Y7, 96(DI)
	ADDQ        $16, SI
	ADDQ        $16, R9
	ADDQ        $128, DI
	DECQ        CX
	JNZ         loop
	VZEROUPPER
	RET

// func absLanesAVX2(a *lanes)
//
// w = |x|
TEXT ·absLanesAVX2(SB), NOSPLIT, $0-8
	MOVQ     a+0(FP), AX
	MOVQ     lanes_n(AX), CX
	VPCMPEQD Y15, Y15, Y15
	VPSRLD   $1, Y15, Y15    // all bits but the sign

loop:
	VANDPS  lanes_x(AX), Y15, Y0
	VMOVUPS Y0, lanes_w(AX)
	ADDQ    $32, AX
	DECQ    CX
	JNZ     loop
	VZEROUPPER
	RET

// func squareLanesAVX2(a *lanes)
//
// w = x*x
TEXT ·squareLanesAVX2(SB), NOSPLIT, $0-8
	MOVQ a+0(FP), AX
	MOVQ lanes_n(AX), CX

loop:
	VMOVUPS lanes_x(AX), Y0
	VMULPS  Y0, Y0, Y0
	VMOVUPS Y0, lanes_w(AX)
	ADDQ    $32, AX
	DECQ    CX
	JNZ     loop
	VZEROUPPER
	RET

// func meanLanesAVX2(a *lanes)
//
// w = |x| + sqrt(mean of the run's x*x); n must be 32.
TEXT ·meanLanesAVX2(SB), NOSPLIT, $0-8
	MOVQ     a+0(FP), AX
	MOVQ     AX, BX
	MOVQ     $32, CX
	MOVQ     CX, DX
	VPCMPEQD Y15, Y15, Y15
	VPSRLD   $1, Y15, Y15  // all bits but the sign
	VXORPS   Y1, Y1, Y1

sum:
	VMOVUPS lanes_x(AX), Y0
	VMULPS  Y0, Y0, Y0
	VADDPS  Y0, Y1, Y1
	ADDQ    $32, AX
	DECQ    CX
	JNZ     sum

	MOVL         $0x3d000000, CX // 1/32, so that the product equals the quotient exactly
	VMOVD        CX, X2
	VPBROADCASTD X2, Y2
	VMULPS       Y2, Y1, Y1
	VSQRTPS      Y1, Y1

add:
	VANDPS  lanes_x(BX), Y15, Y0
	VADDPS  Y0, Y1, Y0
	VMOVUPS Y0, lanes_w(BX)
	ADDQ    $32, BX
	DECQ    DX
	JNZ     add
	VZEROUPPER
	RET
