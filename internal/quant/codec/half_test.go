package codec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestF16 compares the value of every float16 with the definition, and rounds the value to float16
// again.
func TestF16(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		exp, frac := int(h>>10&31), float64(h&1023)
		want := math.Ldexp(1024+frac, exp-25)
		switch {
		case exp == 0:
			want = math.Ldexp(frac, -24)
		case exp == 31 && frac == 0:
			want = math.Inf(1)
		case exp == 31:
			want = math.NaN()
		}
		if h&0x8000 != 0 {
			want = math.Copysign(want, -1)
		}
		got := F16ToF32(h)
		if want != want {
			require.True(t, got != got, "%04x", h)
			require.Equal(t, h&0x8000|0x7e00, F32ToF16(got), "%04x", h)
			require.Equal(t, h&0x8000 != 0, math.Signbit(float64(got)), "%04x", h)
			continue
		}
		require.Equal(t, math.Float32bits(float32(want)), math.Float32bits(got), "%04x", h)
		require.Equal(t, h, F32ToF16(got), "%04x", h)
	}
}

// TestF32ToF16Rounding converts three numbers between every two neighbouring
// float16 numbers: the middle, and the numbers just below and just above it.
func TestF32ToF16Rounding(t *testing.T) {
	for i := range 0x7bff {
		lo, hi := uint16(i), uint16(i)+1
		middle := (F16ToF32(lo) + F16ToF32(hi)) / 2 // exact
		even := lo + lo&1
		for _, sign := range []uint16{0, 0x8000} {
			f := middle
			if sign != 0 {
				f = -f
			}
			bits := math.Float32bits(f)
			require.Equal(t, sign|lo, F32ToF16(math.Float32frombits(bits-1)), "below %v", f)
			require.Equal(t, sign|even, F32ToF16(f), "%v", f)
			require.Equal(t, sign|hi, F32ToF16(math.Float32frombits(bits+1)), "above %v", f)
		}
	}
}

func TestF32ToF16Ends(t *testing.T) {
	tests := []struct {
		f    float32
		want uint16
	}{
		{65504, 0x7bff},
		{65519.996, 0x7bff},
		{65520, 0x7c00}, // halfway between 65504 (0x7bff, odd) and 2^16: rounds to infinity
		{65536, 0x7c00},
		{math.MaxFloat32, 0x7c00},
		{float32(math.Inf(1)), 0x7c00},
		{float32(math.Inf(-1)), 0xfc00},
		{0x1p-14, 0x0400},
		{0x1p-14 - 0x1p-26, 0x0400}, // rounds up to the smallest normal
		{0x1p-24, 0x0001},
		{0x1p-25, 0x0000},
		{-0x1p-25, 0x8000},
		{0x1.000002p-25, 0x0001},
		{math.SmallestNonzeroFloat32, 0},
		{float32(math.Copysign(0, -1)), 0x8000},
	}
	for _, test := range tests {
		require.Equal(t, test.want, F32ToF16(test.f), "%v", test.f)
	}
	require.Equal(t, uint16(0x7e00), F32ToF16(math.Float32frombits(0x7f800001)))
	require.Equal(t, uint16(0xfe00), F32ToF16(math.Float32frombits(0xffffffff)))
}

func TestBF16(t *testing.T) {
	for i := range 1 << 16 {
		b := uint16(i)
		f := BF16ToF32(b)
		require.Equal(t, uint32(b)<<16, math.Float32bits(f))
		if f != f {
			require.Equal(t, b|0x40, F32ToBF16(f))
			continue
		}
		require.Equal(t, b, F32ToBF16(f))
		if math.IsInf(float64(f), 0) {
			continue
		}
		low := uint32(b) << 16
		require.Equal(t, b, F32ToBF16(math.Float32frombits(low|0x7fff)))
		require.Equal(t, b+b&1, F32ToBF16(math.Float32frombits(low|0x8000)))
		require.Equal(t, b+1, F32ToBF16(math.Float32frombits(low|0x8001)))
	}
	require.Equal(t, uint16(0x7f80), F32ToBF16(math.MaxFloat32))
	require.Equal(t, uint16(0x7fc0), F32ToBF16(math.Float32frombits(0x7f800001)))
}
