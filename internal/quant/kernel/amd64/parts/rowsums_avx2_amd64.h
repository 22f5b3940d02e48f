// The macros of this file are the last step of a super-block in quad256_amd64.h.
// They add the sums of a super-block to the results of four rows.

// Each of the vectors a to d has the partial sums of one row. ADDROWS
// adds the dwords of each half of a vector. The sum of row j goes to
// dword j of the same half of a. ADDROWS clobbers b and Y8 to Y10.
#define ADDROWS(a, b, c, d) \
	VPUNPCKLDQ  b, a, Y8    \
	VPUNPCKHDQ  b, a, Y9    \
	VPADDD      Y9, Y8, Y8  \
	VPUNPCKLDQ  d, c, Y9    \
	VPUNPCKHDQ  d, c, Y10   \
	VPADDD      Y10, Y9, Y9 \
	VPUNPCKLQDQ Y9, Y8, a   \
	VPUNPCKHQDQ Y9, Y8, b   \
	VPADDD      b, a, a

// Each half of Y0 has sums of four rows. ADDROWSUMS adds the two halves, multiplies the sums by the
// scales, and adds the products to the results in X13. The scales of the rows are float16 at off.
#define ADDROWSUMS(off) \
	VEXTRACTI128 $1, Y0, X8  \
	VPADDD       X8, X0, X8  \
	VCVTDQ2PS    X8, X8      \
	QUADSCALES(off)          \
	VFMADD231PS  X9, X8, X13

// ADDMINSUMS does the same for formats with minima. Y4 has the sums of the minima,
// which are subtracted. At off, each row has the float16 scales D and DMin.
#define ADDMINSUMS(off) \
	VPERM2I128   $0x20, Y4, Y0, Y8           \
	VPERM2I128   $0x31, Y4, Y0, Y9           \
	VPADDD       Y9, Y8, Y8                  \
	VCVTDQ2PS    Y8, Y8                      \ // low half: the sums; high half: the sums of the minima
	VMOVD        off(SI), X9                 \
	VPINSRD      $1, off(SI)(DX*1), X9, X9   \
	VPINSRD      $2, off(SI)(DX*2), X9, X9   \
	VPINSRD      $3, off(SI)(R8*1), X9, X9   \
	VPSHUFB      ·quadScalePairs(SB), X9, X9 \
	VCVTPH2PS    X9, Y9                      \ // D, DMin
	VBROADCASTSS (CX), Y10                   \
	VMULPS       Y10, Y9, Y9                 \
	VFMADD231PS  X9, X8, X13                 \
	VEXTRACTF128 $1, Y8, X8                  \
	VEXTRACTF128 $1, Y9, X9                  \
	VFNMADD231PS X9, X8, X13
