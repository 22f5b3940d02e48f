//go:build !purego

#include "textflag.h"

// func copy32AVX512(dst *float32, dstStride int, src *float32, srcStride, n, panels int)
//
// dst[t*dstStride+p*32+j] = src[p*srcStride+t*32+j] for j < 32, p < n and t < panels.
TEXT ·copy32AVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $2, R9
	MOVQ n+32(FP), CX

row:
	MOVQ DI, AX
	MOVQ SI, BX
	MOVQ panels+40(FP), DX

panel:
	PREFETCHT0 (BX)(R9*8)
	PREFETCHT0 64(BX)(R9*8)
	VMOVUPS    (BX), Z0
	VMOVUPS    64(BX), Z1
	VMOVUPS    Z0, (AX)
	VMOVUPS    Z1, 64(AX)
	ADDQ       $128, BX
	ADDQ       R8, AX
	DECQ       DX
	JNZ        panel
	ADDQ       $128, DI
	ADDQ       R9, SI
	DECQ       CX
	JNZ        row
	VZEROUPPER
	RET

// func interleave12AVX512(dst *float32, dstStride int, src *float32, srcStride, n, tiles int)
//
// dst[t*dstStride+p*12+i] = src[p*srcStride+t*12+i] for i < 12, p < n and t < tiles.
TEXT ·interleave12AVX512(SB), NOSPLIT, $0-48
	MOVQ dst+0(FP), DI
	MOVQ dstStride+8(FP), R8
	SHLQ $2, R8
	MOVQ src+16(FP), SI
	MOVQ srcStride+24(FP), R9
	SHLQ $2, R9
	MOVQ n+32(FP), CX

row:
	MOVQ DI, AX
	MOVQ SI, BX
	MOVQ tiles+40(FP), DX

tile:
	VMOVUPS (BX), Y0
	VMOVUPS 32(BX), X1
	VMOVUPS Y0, (AX)
	VMOVUPS X1, 32(AX)
	ADDQ    $48, BX
	ADDQ    R8, AX
	DECQ    DX
	JNZ     tile
	ADDQ    $48, DI
	ADDQ    R9, SI
	DECQ    CX
	JNZ     row
	VZEROUPPER
	RET
