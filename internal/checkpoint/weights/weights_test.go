package weights

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestSmallFloats checks values from the definitions of the 8-bit types.
func TestSmallFloats(t *testing.T) {
	nan := float32(math.NaN())
	tests := []struct {
		typ  Type
		raw  byte
		want float32
	}{
		{F8E4M3, 0x7e, 448}, {F8E4M3, 0x7f, nan}, {F8E4M3, 0xff, nan}, {F8E4M3, 0x01, 1.0 / 512}, {F8E4M3, 0x38, 1}, {F8E4M3, 0xb8, -1}, {F8E4M3, 0x08, 1.0 / 64},
		{F8E5M2, 0x7b, 57344}, {F8E5M2, 0x7c, float32(math.Inf(1))}, {F8E5M2, 0xfc, float32(math.Inf(-1))}, {F8E5M2, 0x7d, nan}, {F8E5M2, 0x01, 1.0 / 65536}, {F8E5M2, 0x3c, 1},
		{F8E4M3Z, 0x7f, 240}, {F8E4M3Z, 0x80, nan}, {F8E4M3Z, 0x40, 1}, {F8E5M2Z, 0x7f, 57344}, {F8E5M2Z, 0x80, nan},
		{F8E8M0, 127, 1}, {F8E8M0, 0, 0x1p-127}, {F8E8M0, 254, 0x1p127}, {F8E8M0, 255, nan},
		{I8, 0xff, -1}, {U8, 0xff, 255}, {Bool, 3, 1},
	}
	for _, tt := range tests {
		var got [1]float32
		tt.typ.Decode(got[:], []byte{tt.raw})
		if tt.want != tt.want {
			require.True(t, got[0] != got[0], "%s %#x", tt.typ, tt.raw)
		} else {
			require.Equal(t, tt.want, got[0], "%s %#x", tt.typ, tt.raw)
		}
	}
	require.Equal(t, math.Copysign(0, -1), float64(e4m3[0x80]))
}

// TestDecode reads one number of each wider type.
func TestDecode(t *testing.T) {
	tests := []struct {
		typ  Type
		raw  []byte
		want float32
	}{
		{F64, []byte{0, 0, 0, 0, 0, 0, 0xf8, 0xbf}, -1.5}, {F32, []byte{0, 0, 0xc0, 0xbf}, -1.5}, {F16, []byte{0, 0xbe}, -1.5}, {BF16, []byte{0xc0, 0xbf}, -1.5},
		{I64, []byte{254, 255, 255, 255, 255, 255, 255, 255}, -2}, {I32, []byte{254, 255, 255, 255}, -2}, {I16, []byte{254, 255}, -2}, {U16, []byte{254, 255}, 65534},
		{U32, []byte{1, 0, 0, 0}, 1}, {U64, []byte{1, 0, 0, 0, 0, 0, 0, 0}, 1},
	}
	for _, tt := range tests {
		var got [1]float32
		tt.typ.Decode(got[:], tt.raw)
		require.Equal(t, tt.want, got[0], tt.typ)
		require.True(t, tt.typ.Known() && tt.typ.Plain())
	}
	require.False(t, F4.Plain())
	require.False(t, Type("X").Known())
	require.Equal(t, int64(3), F4.Bytes(6))
}
