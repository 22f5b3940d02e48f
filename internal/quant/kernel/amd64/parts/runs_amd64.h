// The products of a run in a panel, with DOT(i) multiplying the weights 4i to 4i+3.
// The SPLIT ones are for int16 sums that hold half a run only.

#define RUNOF16(DOT, ADDRUN, ZERO) \
	DOT(0) \
	DOT(1) \
	DOT(2) \
	DOT(3)

#define RUNOF32(DOT, ADDRUN, ZERO) \
	DOT(0) \
	DOT(1) \
	DOT(2) \
	DOT(3) \
	DOT(4) \
	DOT(5) \
	DOT(6) \
	DOT(7)

#define SPLITRUNOF16(DOT, ADDRUN, ZERO) \
	DOT(0) \
	DOT(1) \
	ADDRUN \
	ZERO   \
	DOT(2) \
	DOT(3)

#define SPLITRUNOF32(DOT, ADDRUN, ZERO) \
	DOT(0) \
	DOT(1) \
	DOT(2) \
	DOT(3) \
	ADDRUN \
	ZERO   \
	DOT(4) \
	DOT(5) \
	DOT(6) \
	DOT(7)
