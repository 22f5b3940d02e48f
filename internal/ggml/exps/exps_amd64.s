//go:build !purego

#include "textflag.h"

// This file takes the steps of fmath.Exp for four numbers at a time. Exp
// multiplies by 2^n in two steps. Here one step gives the same result: the
// numbers are within ±700, so 2^n is a normal number and the product is exact.
//
// Registers
//	SI  the current numbers       CX  those left      DX  roots     BX  numbers
//	AX  which of the four are within the limit

// func exp4AVX2(x *float64, n int, roots *[64]float64) int
//
// Y0 x, then r   Y1 z, then 2^n   Y2 k, then p   Y15 bits of absolute values   Y14 63   Y13-Y10 steps 0 to 3
TEXT ·exp4AVX2(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), SI
	MOVQ n+8(FP), CX
	MOVQ roots+16(FP), DX
	LEAQ ·numbers(SB), BX

	VPCMPEQD Y15, Y15, Y15
	VPSRLQ   $58, Y15, Y14
	VPSRLQ   $1, Y15, Y15
	VMOVUPD  0(BX), Y13
	VMOVUPD  32(BX), Y12
	VMOVUPD  64(BX), Y11
	VMOVUPD  96(BX), Y10
	VMOVUPD  128(BX), Y9
	VMOVUPD  160(BX), Y8
	VMOVUPD  192(BX), Y7
	VMOVUPD  224(BX), Y6
	TESTQ    CX, CX
	JZ       done

four:
	VMOVUPD   (SI), Y0
	VANDPD    Y15, Y0, Y1
	VCMPPD    $2, 256(BX), Y1, Y1
	VMOVMSKPD Y1, AX
	CMPL      AX, $15
	JNE       done

	VMULPD Y13, Y0, Y1
	VADDPD Y12, Y1, Y1 // z
	VSUBPD Y12, Y1, Y2 // k
	VMULPD Y11, Y2, Y3
	VMULPD Y10, Y2, Y4
	VSUBPD Y3, Y0, Y0
	VSUBPD Y4, Y0, Y0  // r

	VMULPD Y9, Y0, Y2
	VADDPD Y8, Y2, Y2
	VMULPD Y0, Y2, Y2
	VADDPD Y7, Y2, Y2
	VMULPD Y0, Y2, Y2
	VADDPD Y6, Y2, Y2
	VMULPD Y0, Y2, Y2
	VMULPD Y0, Y2, Y2
	VADDPD Y0, Y2, Y2 // p

	// The low bits of z are k. The lowest six bits of k
	// choose the root, and the other bits are the exponent.
	VPAND      Y14, Y1, Y3
	VPCMPEQD   Y5, Y5, Y5
	VXORPD     Y4, Y4, Y4
	VGATHERQPD Y5, (DX)(Y3*8), Y4
	VMULPD     Y4, Y2, Y2
	VADDPD     Y4, Y2, Y2
	VPSRLQ     $6, Y1, Y1
	VPSLLQ     $52, Y1, Y1
	VPADDQ     288(BX), Y1, Y1
	VMULPD     Y1, Y2, Y2
	VMOVUPD    Y2, (SI)

	ADDQ $32, SI
	SUBQ $4, CX
	JNZ  four

done:
	MOVQ n+8(FP), AX
	SUBQ CX, AX
	MOVQ AX, ret+24(FP)
	VZEROUPPER
	RET
