// Package quanttest helps the tests of number formats, of their encoders and of their products.
// It has memory that ends at an unreadable page, comparisons of bits, and random blocks. It
// imports none of the tested packages, so that each of them can use it in its own tests.
package quanttest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// NormalFloats returns n normally distributed numbers.
func NormalFloats(r *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return x
}

// RequireSame fails unless all bits are the same. All NaN values count as equal.
func RequireSame(t *testing.T, want, got []float32) {
	t.Helper()
	require.Len(t, got, len(want))
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) && !(want[i] != want[i] && got[i] != got[i]) {
			t.Fatalf("element %d: got %v, want %v", i, got[i], want[i])
		}
	}
}

// RequireSameFloat fails unless the bits are the same, or both are NaN.
func RequireSameFloat(t *testing.T, want, got float32, msg string, args ...any) {
	t.Helper()
	if want != want && got != got {
		return
	}
	if math.Float32bits(want) != math.Float32bits(got) {
		require.Failf(t, "not the same float32", "want %v (%08x), got %v (%08x): "+msg,
			append([]any{want, math.Float32bits(want), got, math.Float32bits(got)}, args...)...)
	}
}

// ScaleOffsets are the offsets of float16 scales and minima in a block, by the name of the
// type.
var ScaleOffsets = map[string][]int{
	"Q4_0": {0}, "Q4_1": {0, 2}, "Q5_0": {0}, "Q5_1": {0, 2}, "Q8_0": {0}, "IQ4_NL": {0},
	"Q2_K": {80, 82}, "Q3_K": {108}, "Q4_K": {0, 2}, "Q5_K": {0, 2}, "Q6_K": {208}, "IQ4_XS": {0}, "TQ1_0": {52}, "TQ2_0": {64}, "Q1_0": {0}, "Q2_0": {0},
	"IQ1_S": {0}, "IQ2_XXS": {0}, "IQ2_XS": {0}, "IQ2_S": {0}, "IQ3_XXS": {0}, "IQ3_S": {0},
	"Q5_0v1": {0}, "Q5_1v1": {0, 2}, "Q4_2": {0, 10}, "Q4_3": {0, 2, 12, 14},
}

// WideScaleOffsets are the offsets of float32 scales and minima in a block, by the name of the
// type.
var WideScaleOffsets = map[string][]int{
	"Q4_0v1": {0}, "Q4_0v2": {0}, "Q4_1v1": {0, 4}, "Q4_1v2": {0, 4}, "Q8_0v1": {0},
}

// Generated returns n blocks, each of size bytes, of the type with the given name. The bytes
// are the highest 8 bits of the random numbers x = 1664525x + 1013904223, which start at 1.
// The float16 scale is 0x2c66. In NVFP4, only the sign bits of the scales are cleared.
func Generated(name string, size, n int) []byte {
	x := uint32(1)
	data := make([]byte, n*size)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	for block := data; len(block) > 0; block = block[size:] {
		switch name {
		case "IQ1_M":
			for k := range 4 {
				block[49+2*k] = block[49+2*k]&15 | byte(uint16(0x2c66)>>(4*k)&15)<<4
			}
		case "NVFP4": // has no sign bit
			for k := range 4 {
				block[k] &= 0x7f
			}
		default:
			binary.LittleEndian.PutUint16(block, 0x2c66)
		}
	}
	return data
}
