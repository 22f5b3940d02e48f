// This file defines NEON instructions in the form that the kernels
// use. The Go assembler (1.26) does not know most of them.
//
// Operands are register numbers and immediates in Go order: sources first, destination last. i is
// the index of an element, and s is a number of bits. Each line ends with the instruction in GNU
// syntax. A test of quant/gen checks that the macro gives the encoding of this instruction.

// Products of 8-bit integers, widened to 16 bits: of the lower or of the upper half of a vector.
#define VSMULL(m, n, d)         WORD $(0x0e20c000 | (m)<<16 | (n)<<5 | (d)) // smull vd.8h, vn.8b, vm.8b
#define VSMULL2(m, n, d)        WORD $(0x4e20c000 | (m)<<16 | (n)<<5 | (d)) // smull2 vd.8h, vn.16b, vm.16b
#define VSMLAL(m, n, d)         WORD $(0x0e208000 | (m)<<16 | (n)<<5 | (d)) // smlal vd.8h, vn.8b, vm.8b
#define VSMLAL2(m, n, d)        WORD $(0x4e208000 | (m)<<16 | (n)<<5 | (d)) // smlal2 vd.8h, vn.16b, vm.16b

// Sums of 8-bit integers, divided by 2.
#define VUHADD(m, n, d)         WORD $(0x6e200400 | (m)<<16 | (n)<<5 | (d)) // uhadd vd.16b, vn.16b, vm.16b

// Sums of products of 8-bit integers, in 32 bits.
#define VSDOT4B(m, i, n, d)     WORD $(0x4f80e000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // sdot vd.4s, vn.16b, vm.4b[i]
#define VSMMLA(m, n, d)         WORD $(0x4e80a400 | (m)<<16 | (n)<<5 | (d)) // smmla vd.4s, vn.16b, vm.16b

// Products of 16-bit integers, widened to 32 bits. If only one element of a vector is used, it
// must be one of V0 to V15.
#define VSMLAL4S(m, n, d)       WORD $(0x0e608000 | (m)<<16 | (n)<<5 | (d)) // smlal vd.4s, vn.4h, vm.4h
#define VSMLAL24S(m, n, d)      WORD $(0x4e608000 | (m)<<16 | (n)<<5 | (d)) // smlal2 vd.4s, vn.8h, vm.8h
#define VSMLALH(m, i, n, d)     WORD $(0x0f402000 | ((i)&1)<<20 | (((i)>>1)&1)<<21 | ((i)>>2)<<11 | (m)<<16 | (n)<<5 | (d)) // smlal vd.4s, vn.4h, vm.h[i]
#define VSMLAL2H(m, i, n, d)    WORD $(0x4f402000 | ((i)&1)<<20 | (((i)>>1)&1)<<21 | ((i)>>2)<<11 | (m)<<16 | (n)<<5 | (d)) // smlal2 vd.4s, vn.8h, vm.h[i]

// 32-bit integers.
#define VMLA4S(m, n, d)         WORD $(0x4ea09400 | (m)<<16 | (n)<<5 | (d)) // mla vd.4s, vn.4s, vm.4s
#define VSMAX4S(m, n, d)        WORD $(0x4ea06400 | (m)<<16 | (n)<<5 | (d)) // smax vd.4s, vn.4s, vm.4s
#define VSMIN4S(m, n, d)        WORD $(0x4ea06c00 | (m)<<16 | (n)<<5 | (d)) // smin vd.4s, vn.4s, vm.4s
#define VADD4S(m, n, d)         WORD $(0x4ea08400 | (m)<<16 | (n)<<5 | (d)) // add vd.4s, vn.4s, vm.4s
#define VSHL4S(s, n, d)         WORD $(0x4f005400 | (32+(s))<<16 | (n)<<5 | (d)) // shl vd.4s, vn.4s, #s

// Sums of neighbours, widened; shifts with sign; narrowing and widening; moves.
#define VSADDLP8H(n, d)         WORD $(0x4e202800 | (n)<<5 | (d)) // saddlp vd.8h, vn.16b
#define VSADDLP(n, d)           WORD $(0x4e602800 | (n)<<5 | (d)) // saddlp vd.4s, vn.8h
#define VSADALP(n, d)           WORD $(0x4e606800 | (n)<<5 | (d)) // sadalp vd.4s, vn.8h
#define VSSHR8H(s, n, d)        WORD $(0x4f000400 | (32-(s))<<16 | (n)<<5 | (d)) // sshr vd.8h, vn.8h, #s
#define VSSHR4S(s, n, d)        WORD $(0x4f000400 | (64-(s))<<16 | (n)<<5 | (d)) // sshr vd.4s, vn.4s, #s
#define VBIC(m, n, d)           WORD $(0x4e601c00 | (m)<<16 | (n)<<5 | (d)) // bic vd.16b, vn.16b, vm.16b
#define VSQXTN4H(n, d)          WORD $(0x0e614800 | (n)<<5 | (d)) // sqxtn vd.4h, vn.4s
#define VSQXTN28H(n, d)         WORD $(0x4e614800 | (n)<<5 | (d)) // sqxtn2 vd.8h, vn.4s
#define VSQXTN8B(n, d)          WORD $(0x0e214800 | (n)<<5 | (d)) // sqxtn vd.8b, vn.8h
#define VSQXTN216B(n, d)        WORD $(0x4e214800 | (n)<<5 | (d)) // sqxtn2 vd.16b, vn.8h
#define VSXTL8H(n, d)           WORD $(0x0f08a400 | (n)<<5 | (d)) // sshll vd.8h, vn.8b, #0
#define VSXTL28H(n, d)          WORD $(0x4f08a400 | (n)<<5 | (d)) // sshll2 vd.8h, vn.16b, #0
#define VSXTL4S(n, d)           WORD $(0x0f10a400 | (n)<<5 | (d)) // sshll vd.4s, vn.4h, #0
#define VSXTL24S(n, d)          WORD $(0x4f10a400 | (n)<<5 | (d)) // sshll2 vd.4s, vn.8h, #0
#define VEXT8(m, n, d)          WORD $(0x6e004000 | (m)<<16 | (n)<<5 | (d)) // ext vd.16b, vn.16b, vm.16b, #8
#define VMOV16B(n, d)           WORD $(0x4ea01c00 | (n)<<16 | (n)<<5 | (d)) // mov vd.16b, vn.16b

// float32, and float64 (VFADDD). The Go assembler itself knows VFMLA and VFMLS of whole vectors.
#define VFMUL(m, n, d)          WORD $(0x6e20dc00 | (m)<<16 | (n)<<5 | (d)) // fmul vd.4s, vn.4s, vm.4s
#define VFADD(m, n, d)          WORD $(0x4e20d400 | (m)<<16 | (n)<<5 | (d)) // fadd vd.4s, vn.4s, vm.4s
#define VFADDP(m, n, d)         WORD $(0x6e20d400 | (m)<<16 | (n)<<5 | (d)) // faddp vd.4s, vn.4s, vm.4s
#define VFSUB(m, n, d)          WORD $(0x4ea0d400 | (m)<<16 | (n)<<5 | (d)) // fsub vd.4s, vn.4s, vm.4s
#define VFDIV(m, n, d)          WORD $(0x6e20fc00 | (m)<<16 | (n)<<5 | (d)) // fdiv vd.4s, vn.4s, vm.4s
#define VFMAX(m, n, d)          WORD $(0x4e20f400 | (m)<<16 | (n)<<5 | (d)) // fmax vd.4s, vn.4s, vm.4s
#define VFMIN(m, n, d)          WORD $(0x4ea0f400 | (m)<<16 | (n)<<5 | (d)) // fmin vd.4s, vn.4s, vm.4s
#define VFADDD(m, n, d)         WORD $(0x4e60d400 | (m)<<16 | (n)<<5 | (d)) // fadd vd.2d, vn.2d, vm.2d
#define VFMULS(m, i, n, d)      WORD $(0x4f809000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmul vd.4s, vn.4s, vm.s[i]
#define VFMLAS(m, i, n, d)      WORD $(0x4f801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmla vd.4s, vn.4s, vm.s[i]
#define VFMLSS(m, i, n, d)      WORD $(0x4f805000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmls vd.4s, vn.4s, vm.s[i]
#define VFMLA4S(m, n, d)        WORD $(0x4e20cc00 | (m)<<16 | (n)<<5 | (d)) // fmla vd.4s, vn.4s, vm.4s
#define VFCMEQ(m, n, d)         WORD $(0x4e20e400 | (m)<<16 | (n)<<5 | (d)) // fcmeq vd.4s, vn.4s, vm.4s
#define VFCMGT(m, n, d)         WORD $(0x6ea0e400 | (m)<<16 | (n)<<5 | (d)) // fcmgt vd.4s, vn.4s, vm.4s
#define VFABS(n, d)             WORD $(0x4ea0f800 | (n)<<5 | (d)) // fabs vd.4s, vn.4s
#define VFNEG(n, d)             WORD $(0x6ea0f800 | (n)<<5 | (d)) // fneg vd.4s, vn.4s
#define VUMAXV(n, d)            WORD $(0x6eb0a800 | (n)<<5 | (d)) // umaxv sd, vn.4s

// Conversions.
#define VSCVTF(n, d)            WORD $(0x4e21d800 | (n)<<5 | (d)) // scvtf vd.4s, vn.4s
#define VFCVTNS(n, d)           WORD $(0x4e21a800 | (n)<<5 | (d)) // fcvtns vd.4s, vn.4s
#define VFCVTL(n, d)            WORD $(0x0e217800 | (n)<<5 | (d)) // fcvtl vd.4s, vn.4h
#define VFCVTL2(n, d)           WORD $(0x4e217800 | (n)<<5 | (d)) // fcvtl2 vd.4s, vn.8h
#define VFCVTN(n, d)            WORD $(0x0e216800 | (n)<<5 | (d)) // fcvtn vd.4h, vn.4s
#define VFCVTLD(n, d)           WORD $(0x0e617800 | (n)<<5 | (d)) // fcvtl vd.2d, vn.2s
#define VFCVTL2D(n, d)          WORD $(0x4e617800 | (n)<<5 | (d)) // fcvtl2 vd.2d, vn.4s
#define VSHLL(n, d)             WORD $(0x2e613800 | (n)<<5 | (d)) // shll vd.4s, vn.4h, #16
#define VSHLL2(n, d)            WORD $(0x6e613800 | (n)<<5 | (d)) // shll2 vd.4s, vn.8h, #16
