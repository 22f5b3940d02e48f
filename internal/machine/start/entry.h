// These are limits of the address space, in bytes. The runtime of Go 1.26 can fail to
// start if the limit is below least, or between gap and gapEnd. From gap on, the runtime
// reserves more address space. Below gapEnd, this reservation leaves no room for the
// heap. The heap begins at a random address, so a start just below least or gapEnd fails
// only in some runs. Each limit was tried thousands of times. The largest limits with a
// failed start were 840 and 1,394 million bytes, and least and gapEnd are above them.
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
