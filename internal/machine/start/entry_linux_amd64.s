#include "textflag.h"

// alpaca_entry is where the program begins if it is linked with -E alpaca_entry, as "make build"
// does. Go's runtime reserves address space before any Go code runs. If a limit leaves too
// little, the runtime ends with a trace of its stack. So alpaca_entry checks the limit first. It
// must not change what the kernel has put on the stack, because the runtime reads it.
TEXT alpaca_entry(SB), NOSPLIT|NOFRAME, $0
	LEAQ  -64(SP), SI
	MOVQ  $97, AX          // getrlimit
	MOVQ  $9, DI           // RLIMIT_AS
	SYSCALL
	TESTQ AX, AX
	JNE   begin
	MOVQ  -64(SP), AX
	CMPQ  AX, least<>(SB)
	JCS   refuse
	CMPQ  AX, gap<>(SB)
	JCS   begin
	CMPQ  AX, gapEnd<>(SB)
	JCC   begin

refuse:
	MOVQ $1, AX                // write
	MOVQ $2, DI
	LEAQ tooSmall<>(SB), SI
	MOVQ tooSmallLen<>(SB), DX
	SYSCALL
	MOVQ $231, AX              // exit_group
	MOVQ $1, DI
	SYSCALL

begin:
	JMP _rt0_amd64_linux(SB)

#include "entry.h"
