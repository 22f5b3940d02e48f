//go:build !purego

#include "go_asm.h"
#include "textflag.h"

// This file multiplies weights of Q5_1 by the activations of a single token,
// with AVX2. The lanes are the partial sums that matmul/dot.go defines.

#include "parts/fetch_amd64.h"
#include "templates/quads_amd64.h"

#define BLOCK 24

// ROW adds the products of a row's block, times the scale at d, to acc. The
// block's fifth bits are at qh, its nibbles at qs. ROW clobbers Y6 to Y8.
#define ROW(qh, qs, d, acc) \
	VBROADCASTI128 qs, Y6      \
	VPBROADCASTD   qh, Y7      \
	VPSRLVQ        Y11, Y6, Y6 \
	VPSHUFB        Y12, Y7, Y7 \
	VPAND          Y15, Y6, Y6 \
	VPAND          Y13, Y7, Y7 \
	VPCMPEQB       Y13, Y7, Y7 \
	VPAND          Y14, Y7, Y7 \
	VPOR           Y7, Y6, Y6  \
	VPMADDUBSW     Y5, Y6, Y6  \
	VPMADDWD       Y10, Y6, Y6 \
	VBROADCASTSS   d, Y8       \
	VCVTDQ2PS      Y6, Y6      \
	VFMADD231PS    Y8, Y6, acc

// HALVES adds the halves of a row's sums: s0+s4, s1+s5, s2+s6, s3+s7.
#define HALVES(y, x) \
	VEXTRACTF128 $1, y, X6 \
	VADDPS       X6, x, x

// func quadQ5_1AVX2(t *tileArgs)
//
// Registers, besides those of quads_amd64.h
//	Y0 - Y3  partial sums of four rows
//	Y4       sums of the four rows' minima, in its upper half
//	Y5       activations
//	Y6 - Y9  scratch
//	Y10      ones, as int16
//	Y11      shift counts for the nibbles
//	Y12      shuffle that repeats each byte of the fifth bits 8 times
//	Y13      in each byte, a mask of one fifth bit
//	Y14      16 in all bytes
//	Y15      15 in all bytes
TEXT ·quadQ5_1AVX2(SB), NOSPLIT, $16-8
	MOVQ         t+0(FP), R9
	VMOVDQU      ·ones16(SB), Y10
	VMOVDQU      ·nibbleShifts(SB), Y11
	VMOVDQU      ·spreadBits(SB), Y12
	VPBROADCASTQ ·bits01234567(SB), Y13
	VMOVDQU      ·sixteens(SB), Y14
	VPBROADCASTD ·lowNibbles(SB), Y15
	QUADSTART

rows:
	QUADTOKEN(tileArgs_DS)
	VXORPS Y0, Y0, Y0
	VXORPS Y1, Y1, Y1
	VXORPS Y2, Y2, Y2
	VXORPS Y3, Y3, Y3
	VXORPS Y4, Y4, Y4

blocks:
	FETCH4STREAMS(2048)

	// The scales go to the lower half of Y7, the minima to its upper half.
	VMOVD        (SI), X7
	VPINSRD      $1, (SI)(DX*1), X7, X7
	VPINSRD      $2, (SI)(DX*2), X7, X7
	VPINSRD      $3, (SI)(R8*1), X7, X7
	VPSHUFB      ·evenWords(SB), X7, X7
	VCVTPH2PS    X7, Y7
	VBROADCASTSS (CX), X8
	VBROADCASTSS (AX), Y9
	VMULPS       X8, X7, X8
	VFMADD231PS  Y9, Y7, Y4
	VMOVUPS      X8, scales-16(SP)
	VMOVDQU      (R12), Y5
	ROW(4(SI), 8(SI), scales-16(SP), Y0)
	ROW(4(SI)(DX*1), 8(SI)(DX*1), scales-12(SP), Y1)
	ROW(4(SI)(DX*2), 8(SI)(DX*2), scales-8(SP), Y2)
	ROW(4(SI)(R8*1), 8(SI)(R8*1), scales-4(SP), Y3)
	ADDQ         $BLOCK, SI
	ADDQ         $32, R12
	ADDQ         $4, CX
	ADDQ         $4, AX
	DECQ         BX
	JNZ          blocks

	// SI points to the next row of stream 0.
	HALVES(Y0, X0)
	HALVES(Y1, X1)
	HALVES(Y2, X2)
	HALVES(Y3, X3)
	VUNPCKLPD    X1, X0, X6
	VUNPCKHPD    X1, X0, X7
	VADDPS       X7, X6, X6 // (s0+s4)+(s2+s6), (s1+s5)+(s3+s7) of two rows
	VUNPCKLPD    X3, X2, X8
	VUNPCKHPD    X3, X2, X9
	VADDPS       X9, X8, X8
	VHADDPS      X8, X6, X6
	VEXTRACTF128 $1, Y4, X4
	VADDPS       X4, X6, X6
	QUADSTORE(X6)
	ADDQ         $4, DI
	DECQ         R10
	JNZ          rows
	VZEROUPPER
	RET
