//go:build !purego

#include "textflag.h"

// This file quantizes activations with AVX2. quantizeActsGeneric is the portable form.
//
// Registers
//	SI        x
//	DI        q
//	R8        D
//	R9        Pairs or Sums
//	R10       DS
//	CX        blocks left
//	X10, X11  1 and 127, as float32
//	Y12       the order of dwords that undoes the order of VPACKSSDW and VPACKSSWB
//	Y13       1 in all int16
//	Y14       1 in all bytes
//	Y15       all bits but the sign, in all int32

// 0x42fe0000 is 127 as a float32.
#define CONSTANTS \
	VPCMPEQD     Y15, Y15, Y15         \
	VPSRLD       $1, Y15, Y15          \
	VPBROADCASTD ·ones8(SB), Y14       \
	VMOVDQU      ·ones16(SB), Y13      \
	VMOVDQU      ·packedOrder(SB), Y12 \
	MOVL         $0x42fe0000, AX       \
	VMOVD        AX, X11               \
	MOVL         $0x3f800000, AX       \
	VMOVD        AX, X10

// AMAX sets AX to the largest of the 8 int32 in Y0. AMAX clobbers Y1.
#define AMAX \
	VEXTRACTI128 $1, Y0, X1    \
	VPMAXSD      X1, X0, X0    \
	VPSHUFD      $0x4e, X0, X1 \
	VPMAXSD      X1, X0, X0    \
	VPSHUFD      $0xb1, X0, X1 \
	VPMAXSD      X1, X0, X0    \
	VMOVD        X0, AX

// QUANTIZE32 sets Y0 to the 32 bytes of roundToEven(x*scale). The scale must
// be in all lanes of Y8. No result is above 127, because x*(127/amax) is at
// most 127 plus one unit in the last place. QUANTIZE32 clobbers Y1 to Y3.
#define QUANTIZE32 \
	VMULPS    (SI), Y8, Y0   \
	VMULPS    32(SI), Y8, Y1 \
	VMULPS    64(SI), Y8, Y2 \
	VMULPS    96(SI), Y8, Y3 \
	VCVTPS2DQ Y0, Y0         \
	VCVTPS2DQ Y1, Y1         \
	VCVTPS2DQ Y2, Y2         \
	VCVTPS2DQ Y3, Y3         \
	VPACKSSDW Y1, Y0, Y0     \
	VPACKSSDW Y3, Y2, Y2     \
	VPACKSSWB Y2, Y0, Y0     \
	VPERMD    Y0, Y12, Y0

// AMAXBOUNDS jumps to zero if amax is below 2^-100, infinite or NaN. AX has the bits of amax.
#define TINY 0x0d800000
#define AMAXBOUNDS(zero) \
	LEAL -TINY(AX), BX          \
	CMPL BX, $(0x7f800000-TINY) \
	JAE  zero

// quantizeActs32AVX2 does not round D and DS.
//
// func quantizeActs32AVX2(q *int8, d *float32, pairs *uint32, ds *float32, x *float32, nb int)
TEXT ·quantizeActs32AVX2(SB), NOSPLIT, $0-48
	MOVQ q+0(FP), DI
	MOVQ d+8(FP), R8
	MOVQ pairs+16(FP), R9
	MOVQ ds+24(FP), R10
	MOVQ x+32(FP), SI
	MOVQ nb+40(FP), CX
	CONSTANTS

block32:
	VPAND        (SI), Y15, Y0
	VPAND        32(SI), Y15, Y1
	VPAND        64(SI), Y15, Y2
	VPAND        96(SI), Y15, Y3
	VPMAXSD      Y1, Y0, Y0
	VPMAXSD      Y3, Y2, Y2
	VPMAXSD      Y2, Y0, Y0
	AMAX
	VDIVSS       X11, X0, X9
	VMOVSS       X9, (R8)
	AMAXBOUNDS(zero32)
	VDIVSS       X0, X11, X8
	VPBROADCASTD X8, Y8
	QUANTIZE32

store32:
	VMOVDQU Y0, (DI)

	// Add neighbours. The int16 with even numbers then have the values i with i%4 < 2.
	VPMADDUBSW   Y0, Y14, Y0
	VEXTRACTI128 $1, Y0, X1
	VPADDW       X1, X0, X0
	VPSHUFD      $0x4e, X0, X1
	VPADDW       X1, X0, X0
	VPSHUFD      $0xb1, X0, X1
	VPADDW       X1, X0, X0
	VMOVD        X0, (R9)
	VPMADDWD     X13, X0, X0
	VCVTDQ2PS    X0, X0
	VMULSS       X0, X9, X0
	VMOVSS       X0, (R10)

	ADDQ $128, SI
	ADDQ $32, DI
	ADDQ $4, R8
	ADDQ $4, R9
	ADDQ $4, R10
	DECQ CX
	JNZ  block32
	VZEROUPPER
	RET

zero32:
	VPXOR Y0, Y0, Y0
	JMP   store32

// SUMS32 quantizes 32 values and stores them. It sets a to 8 sums, each of 4 values.
#define SUMS32(a) \
	QUANTIZE32             \
	VMOVDQU    Y0, (DI)    \
	VPMADDUBSW Y0, Y14, Y0 \
	VPMADDWD   Y13, Y0, a  \
	ADDQ       $128, SI    \
	ADDQ       $32, DI

// func quantizeActs256AVX2(q *int8, d *float32, sums *int16, x *float32, nb int)
TEXT ·quantizeActs256AVX2(SB), NOSPLIT, $0-40
	MOVQ q+0(FP), DI
	MOVQ d+8(FP), R8
	MOVQ sums+16(FP), R9
	MOVQ x+24(FP), SI
	MOVQ nb+32(FP), CX
	CONSTANTS

block256:
	VPXOR Y0, Y0, Y0
	VPXOR Y1, Y1, Y1
	XORL  DX, DX

max256:
	VPAND        (SI)(DX*1), Y15, Y2
	VPAND        32(SI)(DX*1), Y15, Y3
	VPAND        64(SI)(DX*1), Y15, Y4
	VPAND        96(SI)(DX*1), Y15, Y5
	VPMAXSD      Y2, Y0, Y0
	VPMAXSD      Y3, Y1, Y1
	VPMAXSD      Y4, Y0, Y0
	VPMAXSD      Y5, Y1, Y1
	ADDQ         $128, DX
	CMPQ         DX, $1024
	JLT          max256
	VPMAXSD      Y1, Y0, Y0
	AMAX
	VDIVSS       X11, X0, X9
	VMOVSS       X9, (R8)
	AMAXBOUNDS(zero256)
	VDIVSS       X0, X11, X8
	VDIVSS       X8, X10, X9
	VMOVSS       X9, (R8)
	VPBROADCASTD X8, Y8
	MOVL         $2, DX

half256:
	SUMS32(Y4)
	SUMS32(Y5)
	SUMS32(Y6)
	SUMS32(Y7)

	// In the end, the low half of Y4 has the sums of runs 0, 2, 4 and 6, and
	// the high half has the sums of runs 1, 3, 5 and 7. A run is 16 values.
	VPHADDD      Y5, Y4, Y4
	VPHADDD      Y7, Y6, Y6
	VPHADDD      Y6, Y4, Y4
	VEXTRACTI128 $1, Y4, X5
	VPSLLD       $16, X5, X5
	VPBLENDW     $0x55, X4, X5, X4
	VMOVDQU      X4, (R9)
	ADDQ         $16, R9
	DECL         DX
	JNZ          half256

next256:
	ADDQ $4, R8
	DECQ CX
	JNZ  block256
	VZEROUPPER
	RET

zero256:
	VPXOR   Y0, Y0, Y0
	VMOVDQU Y0, (R9)
	VMOVDQU Y0, (DI)
	VMOVDQU Y0, 32(DI)
	VMOVDQU Y0, 64(DI)
	VMOVDQU Y0, 96(DI)
	VMOVDQU Y0, 128(DI)
	VMOVDQU Y0, 160(DI)
	VMOVDQU Y0, 192(DI)
	VMOVDQU Y0, 224(DI)
	ADDQ    $32, R9
	ADDQ    $256, DI
	ADDQ    $1024, SI
	JMP     next256
