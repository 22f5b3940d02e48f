// This file fills vectors of rows. Such a vector has 8 lanes of 32 bits,
// one for each of 8 rows of weights. The macros need AVX2 and F16C.
//
// Registers
//	SI, R9  the current block of rows 0 and 4
//	DX, R8  bytes from one row to the next, three times that

#define LANES 8
#define VBYTES 32

#define V0 Y0
#define V1 Y1
#define V2 Y2
#define V3 Y3
#define V4 Y4
#define V5 Y5
#define V6 Y6
#define V7 Y7
#define V8 Y8
#define V9 Y9
#define V10 Y10
#define V11 Y11
#define V12 Y12
#define V13 Y13
#define V14 Y14
#define V15 Y15

#define VAND VPAND
#define VOR VPOR
#define VXOR VPXOR
#define VCOPY VMOVDQA
#define VLOAD VMOVDQU
#define VSTORE VMOVDQU
#define BROADCAST16 VBROADCASTI128

// ROWS sets R9, the address of row 4, from SI.
#define ROWS LEAQ (SI)(DX*4), R9

// LOADROWS loads 16 bytes at off of every row. Bytes 0 to 3 of each row go to V0,
// 4 to 7 to V1, 8 to 11 to V2, and 12 to 15 to V3. LOADROWS clobbers V4 to V7.
//
// Rows 0 to 3 go to the low half of the four vectors, rows 4 to 7 to the high half.
// Then LOADROWS transposes the 4 × 4 dwords within each half.
#define LOADROWS(off) \
	VMOVDQU     off(SI), X0               \
	VMOVDQU     off(SI)(DX*1), X1         \
	VMOVDQU     off(SI)(DX*2), X2         \
	VMOVDQU     off(SI)(R8*1), X3         \
	VINSERTI128 $1, off(R9), Y0, Y0       \
	VINSERTI128 $1, off(R9)(DX*1), Y1, Y1 \
	VINSERTI128 $1, off(R9)(DX*2), Y2, Y2 \
	VINSERTI128 $1, off(R9)(R8*1), Y3, Y3 \
	TRANSPOSE

#define DWORDS4(off, row, x) \
	VMOVD   off(row), x              \
	VPINSRD $1, off(row)(DX*1), x, x \
	VPINSRD $2, off(row)(DX*2), x, x \
	VPINSRD $3, off(row)(R8*1), x, x

// DWORDS loads 4 bytes at off of every row to V8. DWORDS clobbers V9.
#define DWORDS(off) \
	DWORDS4(off, SI, X8) \
	DWORDS4(off, R9, X9) \
	VINSERTI128 $1, X9, Y8, Y8

#define WORDS4(i, off, row, x) \
	VPINSRW $(i+0), off(row), x, x       \
	VPINSRW $(i+1), off(row)(DX*1), x, x \
	VPINSRW $(i+2), off(row)(DX*2), x, x \
	VPINSRW $(i+3), off(row)(R8*1), x, x

// HALVES sets d to the float16 at off of every row, as float32. HALVES clobbers V8.
#define HALVES(off, d) \
	VPXOR     X8, X8, X8   \
	WORDS4(0, off, SI, X8) \
	WORDS4(4, off, R9, X8) \
	VCVTPH2PS X8, d

// Every lane of V8 has two float16. SPLITHALVES sets d to the low ones
// and m to the high ones, as float32. SPLITHALVES clobbers V8 to V10.
#define SPLITHALVES(d, m) \
	VPSRLD       $16, Y8, Y9        \
	VPXOR        Y10, Y10, Y10      \
	VPBLENDW     $0xaa, Y10, Y8, Y8 \
	VPACKUSDW    Y9, Y8, Y8         \
	VPERMQ       $0xd8, Y8, Y8      \
	VEXTRACTI128 $1, Y8, X9         \
	VCVTPH2PS    X8, d              \
	VCVTPH2PS    X9, m

// FETCHLINE prefetches a cache line of every row (see FETCHLINESn in fetch_amd64.h).
#define FETCHLINE(off) \
	FETCH4ROWS(off, SI) \
	FETCH4ROWS(off, R9)
