#include "textflag.h"

// entry_linux_amd64.s describes alpaca_entry.
TEXT alpaca_entry(SB), NOSPLIT|NOFRAME, $0
	MOVD $0, R0           // 0: this process
	MOVD $9, R1           // RLIMIT_AS
	MOVD $0, R2           // no new limit
	SUB  $64, RSP, R3
	MOVD $261, R8         // prlimit64
	SVC
	CBNZ R0, begin
	SUB  $64, RSP, R3
	MOVD (R3), R1
	MOVD least<>(SB), R2
	CMP  R2, R1
	BLO  refuse
	MOVD gap<>(SB), R2
	CMP  R2, R1
	BLO  begin
	MOVD gapEnd<>(SB), R2
	CMP  R2, R1
	BHS  begin

refuse:
	MOVD $2, R0
	MOVD $tooSmall<>(SB), R1
	MOVD tooSmallLen<>(SB), R2
	MOVD $64, R8               // write
	SVC
	MOVD $1, R0
	MOVD $94, R8               // exit_group
	SVC

begin:
	JMP _rt0_arm64_linux(SB)

#include "entry.h"
