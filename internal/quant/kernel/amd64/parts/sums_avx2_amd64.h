// isum is the integer sum over a super-block (see tile256_amd64.h). This
// file has the macros that compute isum for the formats with blocks of 256,
// on AVX2. The sums of a run occupy the registers, so isum is in memory.

// SUMBASE sets BX to the address of SUM0 to SUM7, a multiple of 32, so that none of the sums
// straddles a cache line.
#define SUMBASE \
	LEAQ 31(SP), BX \
	ANDQ $-32, BX

#define SUM0 0(BX)
#define SUM1 32(BX)
#define SUM2 64(BX)
#define SUM3 96(BX)
#define SUM4 128(BX)
#define SUM5 160(BX)
#define SUM6 192(BX)
#define SUM7 224(BX)

#define ZEROSUMS1 \
	VPXOR   Y10, Y10, Y10 \
	VMOVDQU Y10, SUM0     \
	VMOVDQU Y10, SUM1

#define ZEROSUMS4 \
	ZEROSUMS1         \
	VMOVDQU Y10, SUM2 \
	VMOVDQU Y10, SUM3 \
	VMOVDQU Y10, SUM4 \
	VMOVDQU Y10, SUM5 \
	VMOVDQU Y10, SUM6 \
	VMOVDQU Y10, SUM7

// ADDPAIRS multiplies pairs of scales or minima by the pair of Sums in Y10, and adds the products.
#define ADDPAIRS(pairs, a) \
	VPMADDWD pairs, Y10, Y11 \
	VPADDD   Y11, a, a

// FETCHROWS prefetches as many bytes as LOADROWS loads, at R13.
#define FETCHROWS \
	PREFETCHT1 (R13)   \
	PREFETCHT1 64(R13) \
	ADDQ       $128, R13

// In row256_amd64.h, isum is divided into four sums in memory. ROWSUMBASE
// sets R10 to their address. The runs add to these sums in turns, so that
// no addition waits until the one before has reached memory.
#define ROWSUMBASE \
	LEAQ 31(SP), R10 \
	ANDQ $-32, R10

#define ROWSUM(r) ((r)%4*32)(R10)

#define ZEROROWSUMS \
	VPXOR   Y0, Y0, Y0    \
	VMOVDQU Y0, ROWSUM(0) \
	VMOVDQU Y0, ROWSUM(1) \
	VMOVDQU Y0, ROWSUM(2) \
	VMOVDQU Y0, ROWSUM(3)

#define ADDROWSUMS(v) \
	VMOVDQU ROWSUM(0), v    \
	VPADDD  ROWSUM(1), v, v \
	VPADDD  ROWSUM(2), v, v \
	VPADDD  ROWSUM(3), v, v
