// This file fills vectors of rows. Such a vector has 16 lanes of 32 bits,
// one for each of 16 rows of weights. The macros need AVX-512 F, BW and VL.
//
// Registers
//	SI, R9, R10, R11  the current block of rows 0, 4, 8 and 12
//	DX, R8            bytes from one row to the next, three times that

#define LANES 16
#define VBYTES 64

#define V0 Z0
#define V1 Z1
#define V2 Z2
#define V3 Z3
#define V4 Z4
#define V5 Z5
#define V6 Z6
#define V7 Z7
#define V8 Z8
#define V9 Z9
#define V10 Z10
#define V11 Z11
#define V12 Z12
#define V13 Z13
#define V14 Z14
#define V15 Z15

#define VAND VPANDD
#define VOR VPORD
#define VXOR VPXORD
#define VCOPY VMOVDQA64
#define VLOAD VMOVDQU64
#define VSTORE VMOVDQU64
#define BROADCAST16 VBROADCASTI32X4

// ROWS sets R9, R10 and R11, the addresses of rows 4, 8 and 12, from SI.
#define ROWS \
	LEAQ (SI)(DX*4), R9  \
	LEAQ (SI)(DX*8), R10 \
	LEAQ (R9)(DX*8), R11

// LOADROWS loads 16 bytes at off of every row. Bytes 0 to 3 of each row go to V0,
// 4 to 7 to V1, 8 to 11 to V2, and 12 to 15 to V3. LOADROWS clobbers V4 to V7.
//
// Rows 4L to 4L+3 go to 128-bit lane L of the four vectors. Then
// LOADROWS transposes the 4 × 4 dwords within each lane.
#define LOADROWS(off) \
	VMOVDQU      off(SI), X0                \
	VMOVDQU      off(SI)(DX*1), X1          \
	VMOVDQU      off(SI)(DX*2), X2          \
	VMOVDQU      off(SI)(R8*1), X3          \
	VINSERTI32X4 $1, off(R9), Z0, Z0        \
	VINSERTI32X4 $1, off(R9)(DX*1), Z1, Z1  \
	VINSERTI32X4 $1, off(R9)(DX*2), Z2, Z2  \
	VINSERTI32X4 $1, off(R9)(R8*1), Z3, Z3  \
	VINSERTI32X4 $2, off(R10), Z0, Z0       \
	VINSERTI32X4 $2, off(R10)(DX*1), Z1, Z1 \
	VINSERTI32X4 $2, off(R10)(DX*2), Z2, Z2 \
	VINSERTI32X4 $2, off(R10)(R8*1), Z3, Z3 \
	VINSERTI32X4 $3, off(R11), Z0, Z0       \
	VINSERTI32X4 $3, off(R11)(DX*1), Z1, Z1 \
	VINSERTI32X4 $3, off(R11)(DX*2), Z2, Z2 \
	VINSERTI32X4 $3, off(R11)(R8*1), Z3, Z3 \
	TRANSPOSE

#define DWORDS4(off, row, x) \
	VMOVD   off(row), x              \
	VPINSRD $1, off(row)(DX*1), x, x \
	VPINSRD $2, off(row)(DX*2), x, x \
	VPINSRD $3, off(row)(R8*1), x, x

// DWORDS loads 4 bytes at off of every row to V8. DWORDS clobbers V9 to V11.
#define DWORDS(off) \
	DWORDS4(off, SI, X8)         \
	DWORDS4(off, R9, X9)         \
	DWORDS4(off, R10, X10)       \
	DWORDS4(off, R11, X11)       \
	VINSERTI32X4 $1, X9, Z8, Z8  \
	VINSERTI32X4 $2, X10, Z8, Z8 \
	VINSERTI32X4 $3, X11, Z8, Z8

#define WORDS4(i, off, row, x) \
	VPINSRW $(i+0), off(row), x, x       \
	VPINSRW $(i+1), off(row)(DX*1), x, x \
	VPINSRW $(i+2), off(row)(DX*2), x, x \
	VPINSRW $(i+3), off(row)(R8*1), x, x

// HALVES sets d to the float16 at off of every row, as float32. HALVES clobbers V8 and V9.
#define HALVES(off, d) \
	VPXOR       X8, X8, X8     \
	VPXOR       X9, X9, X9     \
	WORDS4(0, off, SI, X8)     \
	WORDS4(4, off, R9, X8)     \
	WORDS4(0, off, R10, X9)    \
	WORDS4(4, off, R11, X9)    \
	VINSERTI128 $1, X9, Y8, Y8 \
	VCVTPH2PS   Y8, d

// Every lane of V8 has two float16. SPLITHALVES sets d to the low ones
// and m to the high ones, as float32. SPLITHALVES clobbers V8 and V9.
#define SPLITHALVES(d, m) \
	VPMOVDW   Z8, Y9      \
	VCVTPH2PS Y9, d       \
	VPSRLD    $16, Z8, Z8 \
	VPMOVDW   Z8, Y9      \
	VCVTPH2PS Y9, m

// FETCHLINE prefetches a cache line of every row (see FETCHLINESn in fetch_amd64.h).
#define FETCHLINE(off) \
	FETCH4ROWS(off, SI)  \
	FETCH4ROWS(off, R9)  \
	FETCH4ROWS(off, R10) \
	FETCH4ROWS(off, R11)
