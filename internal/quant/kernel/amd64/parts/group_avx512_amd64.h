// This file has the macros of group32_avx512_amd64.h and group256_avx512_amd64.h that do not
// depend on the number of tokens.

// The tokens are two groups: the first ones and the last ones. FIRSTi(off) is the operand at offset
// off for token i of the first group. LASTi(off) is the operand for token i of the last group.
#define FIRST0(off) (off)(AX)
#define FIRST1(off) (off)(AX)(CX*1)
#define FIRST2(off) (off)(AX)(CX*2)
#define FIRST3(off) (off)(AX)(R12*1)
#define LAST0(off) (off)(BX)
#define LAST1(off) (off)(BX)(CX*1)
#define LAST2(off) (off)(BX)(CX*2)
#define LAST3(off) (off)(BX)(R12*1)

// FEWPOINT prepares the operands FIRSTi and LASTi. p is the address for token 0, and stride the
// number of bytes from one token's address to the next token's. last(SP) is the number of the
// last group's first token.
#define FEWPOINT(p, stride) \
	MOVQ  p, AX           \
	MOVQ  stride, CX      \
	LEAQ  (CX)(CX*2), R12 \
	MOVQ  last-24(SP), BX \
	IMULQ CX, BX          \
	ADDQ  AX, BX

// FEWCOPY16 copies the scales of a vector of rows, as rows i to i+15 (see few32_avx512_amd64.h).
#define FEWCOPY4(row, i) \
	FEWCOPY((row), i)          \
	FEWCOPY((row)(DX*1), i+1)  \
	FEWCOPY((row)(DX*2), i+2)  \
	FEWCOPY((row)(R8*1), i+3)

#define FEWCOPY16(i) \
	FEWCOPY4(SI, i)    \
	FEWCOPY4(R9, i+4)  \
	FEWCOPY4(R10, i+8) \
	FEWCOPY4(R11, i+12)
