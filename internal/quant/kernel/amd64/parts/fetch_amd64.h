// Prefetching.

// Kernels without panels prefetch AHEAD bytes beyond the
// start of the next rows, so that memory answers in time.
#define AHEAD 4096

// FETCHn prefetches n cache lines at R13 to the second-level cache. In the first-level cache,
// which is 32 KB in many CPUs, the next rows would replace rows and activations that are in use.
#define FETCH3 \
	PREFETCHT1 (R13)   \
	PREFETCHT1 64(R13) \
	PREFETCHT1 128(R13)

#define FETCH5 \
	FETCH3              \
	PREFETCHT1 192(R13) \
	PREFETCHT1 256(R13)

#define FETCH6 \
	FETCH5 \
	PREFETCHT1 320(R13)

#define FETCH9 \
	FETCH6              \
	PREFETCHT1 384(R13) \
	PREFETCHT1 448(R13) \
	PREFETCHT1 512(R13)

#define FETCH10 \
	FETCH9              \
	PREFETCHT1 576(R13)

#define FETCH11 \
	FETCH10             \
	PREFETCHT1 640(R13)

#define FETCH17 \
	FETCH11              \
	PREFETCHT1 704(R13)  \
	PREFETCHT1 768(R13)  \
	PREFETCHT1 832(R13)  \
	PREFETCHT1 896(R13)  \
	PREFETCHT1 960(R13)  \
	PREFETCHT1 1024(R13)

// FETCH4STREAMS prefetches a cache line of each of the four streams of quads_amd64.h,
// off bytes ahead. Streams are DX bytes apart, and R8 is three times DX.
#define FETCH4STREAMS(off) \
	PREFETCHT0 off(SI)         \
	PREFETCHT0 off(SI)(DX*1)   \
	PREFETCHT0 off(SI)(DX*2)   \
	PREFETCHT0 off(SI)(R8*1)

// FETCHLINESn prefetches n cache lines of every row of a vector of rows,
// R13 bytes ahead, to the second-level cache. FETCHLINESn clobbers R12.
#define FETCH4ROWS(off, row) \
	LEAQ       off(row)(R13*1), R12 \
	PREFETCHT1 (R12)                \
	PREFETCHT1 (R12)(DX*1)          \
	PREFETCHT1 (R12)(DX*2)          \
	PREFETCHT1 (R12)(R8*1)

#define FETCHLINES2 \
	FETCHLINE(0) \
	FETCHLINE(64)

#define FETCHLINES3 \
	FETCHLINES2 \
	FETCHLINE(128)

#define FETCHLINES4 \
	FETCHLINES3 \
	FETCHLINE(192)
