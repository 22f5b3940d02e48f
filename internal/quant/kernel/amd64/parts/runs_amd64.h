// The macros of this file multiply a run of a panel. DOT(i) multiplies the weights 4i to 4i+3. The
// macros whose names begin with SPLIT are for int16 sums that have room for only half a run.

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
