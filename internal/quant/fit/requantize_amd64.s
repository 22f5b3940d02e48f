//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// func requantizeAVX2(q *uint8, x *float32, a *requantizeArgs)
//
// For 16 runs of 16 weights, requantizeAVX2 sets q = Nearest((x + minimum)/scale) - low,
// after it limits Nearest's result to low..high. A run whose scale is 0 keeps its q.
//
//	DI, SI    q and x of the current run
//	R8, R9    scale and minimum of the current run
//	CX        runs left
//	Y10, Y11  low and high
//	Y13       0x400000
//	Y14       0x7fffff
//	Y15       1.5*2^23
TEXT ·requantizeAVX2(SB), NOSPLIT, $0-24
	MOVQ         q+0(FP), DI
	MOVQ         x+8(FP), SI
	MOVQ         a+16(FP), AX
	LEAQ         requantizeArgs_scale(AX), R8
	LEAQ         requantizeArgs_min(AX), R9
	VPBROADCASTD requantizeArgs_low(AX), Y10
	VPBROADCASTD requantizeArgs_high(AX), Y11
	MOVL         $0x400000, CX
	VMOVD        CX, X13
	VPBROADCASTD X13, Y13
	MOVL         $0x7fffff, CX
	VMOVD        CX, X14
	VPBROADCASTD X14, Y14
	MOVL         $0x4b400000, CX
	VMOVD        CX, X15
	VPBROADCASTD X15, Y15
	MOVQ         $16, CX
	VXORPS       X9, X9, X9

loop:
	VMOVSS   (R8), X2
	VUCOMISS X9, X2
	JNE      run      // also NaN
	JP       run
	JMP      next

run:
	VBROADCASTSS (R8), Y2
	VBROADCASTSS (R9), Y3
	VADDPS       (SI), Y3, Y0
	VADDPS       32(SI), Y3, Y1
	VDIVPS       Y2, Y0, Y0
	VDIVPS       Y2, Y1, Y1
	VADDPS       Y15, Y0, Y0
	VADDPS       Y15, Y1, Y1
	VPAND        Y14, Y0, Y0
	VPAND        Y14, Y1, Y1
	VPSUBD       Y13, Y0, Y0
	VPSUBD       Y13, Y1, Y1
	VPMAXSD      Y10, Y0, Y0
	VPMAXSD      Y10, Y1, Y1
	VPMINSD      Y11, Y0, Y0
	VPMINSD      Y11, Y1, Y1
	VPSUBD       Y10, Y0, Y0
	VPSUBD       Y10, Y1, Y1
	VPACKUSDW    Y1, Y0, Y0     // order of the words: 0..3 8..11 4..7 12..15
	VPERMQ       $0xd8, Y0, Y0
	VEXTRACTI128 $1, Y0, X1
	VPACKUSWB    X1, X0, X0
	VMOVDQU      X0, (DI)

next:
	ADDQ $4, R8
	ADDQ $4, R9
	ADDQ $16, DI
	ADDQ $64, SI
	DECQ CX
	JNZ  loop
	VZEROUPPER
	RET
