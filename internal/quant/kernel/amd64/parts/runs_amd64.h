// A run is 16 or 32 weights of a row that share a scale. The macros of this file multiply
// a run of each row of a panel. DOT(i) multiplies weights 4i to 4i+3 of the run. The
// macros whose names begin with SPLIT are for formats in which an int16 sum has room for
// only half a run. They call ADDRUN, which adds the sums to isum, after each half.

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
