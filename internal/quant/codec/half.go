// Package codec turns float32 into the bytes of the simplest formats and back.
// It converts single numbers to float16 and bfloat16 and back. Vector code
// converts many numbers at a time. It covers float16, Q8_0, and the other
// formats whose blocks of 32 get their scales from the range of the weights.
//
// Portable code, in half.go or in the format's file in package quant, defines all results.
package codec

import "math"

// F16ToF32 converts an IEEE 754 float16 to float32, exactly.
func F16ToF32(h uint16) float32 {
	sign, exp, frac := uint32(h>>15)<<31, uint32(h>>10)&31, uint32(h)&1023
	switch exp {
	case 31: // infinity or NaN
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	case 0: // zero or subnormal: frac * 2^-24
		f := float32(frac) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(f))
	}
	return math.Float32frombits(sign | (exp+112)<<23 | frac<<13)
}

// F32ToF16 rounds f to the nearest float16, ties to even, with gradual underflow. A value that is
// too large becomes infinity. NaN becomes the quiet NaN of the same sign.
func F32ToF16(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits>>16) & 0x8000
	abs := bits & 0x7fffffff
	switch {
	case abs > 0x7f800000:
		return sign | 0x7e00
	case abs >= 0x47800000: // 2^16 and above, infinity
		return sign | 0x7c00
	case abs < 0x38800000: // below 2^-14: a multiple of 2^-24
		// A unit in the last place of f + 0.5 is 2^-24, so
		// this addition rounds f to a multiple of 2^-24.
		sum := math.Float32frombits(abs) + 0.5
		return sign | uint16(math.Float32bits(sum)-0x3f000000)
	}
	// Round at bit 13. A carry out of the fraction raises the exponent, as it should, up to
	// infinity.
	abs += 0xfff + abs>>13&1
	return sign | uint16((abs-0x38000000)>>13)
}

// BF16ToF32 converts a bfloat16, which is the upper half of a float32, exactly.
func BF16ToF32(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// F32ToBF16 rounds f to the nearest bfloat16, ties to even. NaN becomes quiet.
func F32ToBF16(f float32) uint16 {
	bits := math.Float32bits(f)
	if bits&0x7fffffff > 0x7f800000 {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// RoundHalf rounds f to the 11 significant bits of a float16, ties to even, but
// keeps the range of float32. If f is in the range of normal float16 numbers, the
// result is the nearest float16 number. Outside this range, the result does not
// overflow or underflow as a float16 would. NaN stays as it is.
func RoundHalf(f float32) float32 { return roundBits(f, halfDrop) }

// The fraction of a float32 is halfDrop bits longer than that of a float16, and bf16Drop bits
// longer than that of a bfloat16.
const (
	halfDrop = 13
	bf16Drop = 16
)

// roundBits rounds off the last drop bits of f's fraction, ties to even.
func roundBits(f float32, drop int) float32 {
	if f != f {
		return f
	}
	bits := math.Float32bits(f)
	bits += 1<<(drop-1) - 1 + bits>>drop&1
	return math.Float32frombits(bits &^ (1<<drop - 1))
}

// RoundHalves sets dst to RoundHalf of each element of src. dst may be src.
func RoundHalves(dst, src []float32) { roundAll(dst, src, halfDrop) }

// RoundBF16s sets dst to src, rounded to the 8 significant bits of a bfloat16. dst may be src.
func RoundBF16s(dst, src []float32) { roundAll(dst, src, bf16Drop) }

func roundAllGeneric(dst, src []float32, drop int) {
	dst = dst[:len(src)]
	for i, f := range src {
		dst[i] = roundBits(f, drop)
	}
}

// F16At reads a float16 at the start of b.
func F16At(b []byte) float32 { return F16ToF32(uint16(b[0]) | uint16(b[1])<<8) }

// PutF16 writes f as a float16 at the start of b.
func PutF16(b []byte, f float32) {
	h := F32ToF16(f)
	b[0], b[1] = byte(h), byte(h>>8)
}

func decodeF16Generic(dst []float32, src []byte) {
	for i := range dst {
		dst[i] = F16ToF32(uint16(src[2*i]) | uint16(src[2*i+1])<<8)
	}
}

func encodeF16Generic(dst []byte, x []float32) {
	for i, v := range x {
		PutF16(dst[2*i:2*i+2], v)
	}
}
