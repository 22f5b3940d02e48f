// NEON instructions that the Go assembler does not know (as of Go 1.26), as in
// ../quant/neon_arm64.h: operands are numbers of registers, sources first. Each
// line ends with the GNU spelling, whose encoding a test of quant/armgen compares.

#define VFADD(m, n, d)     WORD $(0x4e20d400 | (m)<<16 | (n)<<5 | (d)) // fadd vd.4s, vn.4s, vm.4s
#define VFADDP(m, n, d)    WORD $(0x6e20d400 | (m)<<16 | (n)<<5 | (d)) // faddp vd.4s, vn.4s, vm.4s
#define VFSUB(m, n, d)     WORD $(0x4ea0d400 | (m)<<16 | (n)<<5 | (d)) // fsub vd.4s, vn.4s, vm.4s
#define VFMUL(m, n, d)     WORD $(0x6e20dc00 | (m)<<16 | (n)<<5 | (d)) // fmul vd.4s, vn.4s, vm.4s
#define VFMULS(m, i, n, d) WORD $(0x4f809000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmul vd.4s, vn.4s, vm.s[i]
#define VFMLAS(m, i, n, d) WORD $(0x4f801000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmla vd.4s, vn.4s, vm.s[i]
#define VFMLSS(m, i, n, d) WORD $(0x4f805000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmls vd.4s, vn.4s, vm.s[i]
#define VFMLA4S(m, n, d)   WORD $(0x4e20cc00 | (m)<<16 | (n)<<5 | (d)) // fmla vd.4s, vn.4s, vm.4s
#define VMOV16B(n, d)      WORD $(0x4ea01c00 | (n)<<16 | (n)<<5 | (d)) // mov vd.16b, vn.16b
#define VFDIV(m, n, d)     WORD $(0x6e20fc00 | (m)<<16 | (n)<<5 | (d)) // fdiv vd.4s, vn.4s, vm.4s
#define VFMAX(m, n, d)     WORD $(0x4e20f400 | (m)<<16 | (n)<<5 | (d)) // fmax vd.4s, vn.4s, vm.4s
#define VFMIN(m, n, d)     WORD $(0x4ea0f400 | (m)<<16 | (n)<<5 | (d)) // fmin vd.4s, vn.4s, vm.4s
#define VFNEG(n, d)        WORD $(0x6ea0f800 | (n)<<5 | (d)) // fneg vd.4s, vn.4s
#define VFCMGT(m, n, d)    WORD $(0x6ea0e400 | (m)<<16 | (n)<<5 | (d)) // fcmgt vd.4s, vn.4s, vm.4s
#define VSCVTF(n, d)       WORD $(0x4e21d800 | (n)<<5 | (d)) // scvtf vd.4s, vn.4s
#define VFCVTN(n, d)       WORD $(0x0e216800 | (n)<<5 | (d)) // fcvtn vd.4h, vn.4s
#define VFCVTL(n, d)       WORD $(0x0e217800 | (n)<<5 | (d)) // fcvtl vd.4s, vn.4h
#define VFCVTLD(n, d)      WORD $(0x0e617800 | (n)<<5 | (d)) // fcvtl vd.2d, vn.2s
#define VFCVTL2D(n, d)     WORD $(0x4e617800 | (n)<<5 | (d)) // fcvtl2 vd.2d, vn.4s
#define VFADDD(m, n, d)    WORD $(0x4e60d400 | (m)<<16 | (n)<<5 | (d)) // fadd vd.2d, vn.2d, vm.2d
#define VSXTL8H(n, d)      WORD $(0x0f08a400 | (n)<<5 | (d)) // sshll vd.8h, vn.8b, #0
#define VSXTL28H(n, d)     WORD $(0x4f08a400 | (n)<<5 | (d)) // sshll2 vd.8h, vn.16b, #0
#define VSXTL4S(n, d)      WORD $(0x0f10a400 | (n)<<5 | (d)) // sshll vd.4s, vn.4h, #0
#define VSXTL24S(n, d)     WORD $(0x4f10a400 | (n)<<5 | (d)) // sshll2 vd.4s, vn.8h, #0
#define VADD4S(m, n, d)    WORD $(0x4ea08400 | (m)<<16 | (n)<<5 | (d)) // add vd.4s, vn.4s, vm.4s
#define VSHL4S(s, n, d)    WORD $(0x4f005400 | (32+(s))<<16 | (n)<<5 | (d)) // shl vd.4s, vn.4s, #s
#define VEXT8(m, n, d)     WORD $(0x6e004000 | (m)<<16 | (n)<<5 | (d)) // ext vd.16b, vn.16b, vm.16b, #8
