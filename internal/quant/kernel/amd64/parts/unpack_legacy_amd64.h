// The macros of this file turn blocks of the formats of 2023 into bytes. They
// complement unpack32_amd64.h: in some of these formats, the two nibbles of a byte
// are adjacent weights, and in some, scales are float32. legacy.go has the byte maps.

// SPREAD unpacks the 4 bytes in each lane of x: the weights of the first two bytes go to a, and
// those of the last two bytes go to b. V8 and V9 move each byte to a word of its own, where
//
//	(byte | byte<<4) & 0x0f0f
//
// has the low nibble below the high one. x may be a. SPREAD clobbers V10 and V11.
#define SPREAD(x, a, b) \
	VPSHUFB V9, x, b   \
	VPSHUFB V8, x, a   \
	VPSLLW  $4, a, V10 \
	VPSLLW  $4, b, V11 \
	VOR     V10, a, a  \
	VOR     V11, b, b  \
	VAND    V15, a, a  \
	VAND    V15, b, b

// ADJACENT does what NIBBLES does, for formats that have weights 2j and 2j+1 in byte j.
#define ADJACENT \
	BROADCAST16 ·words01(SB), V8 \
	BROADCAST16 ·words23(SB), V9 \
	SPREAD(V3, V6, V7)           \
	SPREAD(V2, V4, V5)           \
	SPREAD(V1, V2, V3)           \
	SPREAD(V0, V0, V1)

#define UNPACK_Q4_0v1 \
	LOADROWS(4) \
	ADJACENT

#define UNPACK_Q4_0v2 \
	LOADROWS(4) \
	NIBBLES

#define UNPACK_Q4_1v1 \
	LOADROWS(8) \
	ADJACENT

#define UNPACK_Q4_1v2 \
	LOADROWS(8) \
	NIBBLES

#define UNPACK_Q5_0v1 \
	LOADROWS(6) \
	ADJACENT    \
	DWORDS(2)   \
	FIFTHBITS

#define SIGNED_Q8_0v1 \
	LOADROWS(20)  \
	VCOPY V0, V8  \
	VCOPY V1, V9  \
	VCOPY V2, V10 \
	VCOPY V3, V11 \
	LOADROWS(4)   \
	VCOPY V8, V4  \
	VCOPY V9, V5  \
	VCOPY V10, V6 \
	VCOPY V11, V7

#ifdef SIGNED
#define UNPACK_Q8_0v1 SIGNED_Q8_0v1
#else
#define UNPACK_Q8_0v1 \
	SIGNED_Q8_0v1                  \
	VPBROADCASTD ·signBits(SB), V8 \
	EACH8(ADD128)
#endif

// SCALES_F loads float32 scales. SCALES_FM also loads the minima, which follow the scales.
#define SCALES_F(d, m) \
	DWORDS(0) \
	VCOPY V8, d

#define SCALES_FM(d, m) \
	DWORDS(0)   \
	VCOPY V8, d \
	DWORDS(4)   \
	VCOPY V8, m
