// The runtime of Go 1.26 may not start if the limit, in bytes, is below least or
// between gap and gapEnd. If the limit is gap or more, the runtime reserves more
// address space. Up to gapEnd, this leaves no room for its heap. Its heap begins at a
// random address, so just below least and gapEnd the runtime starts in most runs, but
// not in all. Each limit was tried thousands of times. The largest limits with a
// failed start were 840 and 1,394 million bytes; least and gapEnd are above these.
DATA least<>(SB)/8, $870400000
GLOBL least<>(SB), RODATA, $8
DATA gap<>(SB)/8, $1126400000
GLOBL gap<>(SB), RODATA, $8
DATA gapEnd<>(SB)/8, $1408000000
GLOBL gapEnd<>(SB), RODATA, $8

DATA tooSmallLen<>(SB)/8, $122
GLOBL tooSmallLen<>(SB), RODATA, $8
DATA tooSmall<>+0(SB)/8, $"alpaca: "
DATA tooSmall<>+8(SB)/8, $"error: t"
DATA tooSmall<>+16(SB)/8, $"he addre"
DATA tooSmall<>+24(SB)/8, $"ss space"
DATA tooSmall<>+32(SB)/8, $" is limi"
DATA tooSmall<>+40(SB)/8, $"ted (uli"
DATA tooSmall<>+48(SB)/8, $"mit -v) "
DATA tooSmall<>+56(SB)/8, $"to so li"
DATA tooSmall<>+64(SB)/8, $"ttle tha"
DATA tooSmall<>+72(SB)/8, $"t the pr"
DATA tooSmall<>+80(SB)/8, $"ogram ca"
DATA tooSmall<>+88(SB)/8, $"nnot sta"
DATA tooSmall<>+96(SB)/8, $"rt: 1500"
DATA tooSmall<>+104(SB)/8, $"000 kB a"
DATA tooSmall<>+112(SB)/8, $"re enoug"
DATA tooSmall<>+120(SB)/2, $"h\n"
GLOBL tooSmall<>(SB), RODATA, $122
