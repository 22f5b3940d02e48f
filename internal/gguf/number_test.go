package gguf

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestAnyNumber reads numbers of all kinds as each Go type. Values
// that fit must be converted, and all others must be refused.
func TestAnyNumber(t *testing.T) {
	i8, i64 := Value{Kind: KindI8, n: 1, raw: []byte{0xfe}}, Value{Kind: KindI64, n: 1, raw: U64(1 << 63).raw}
	tests := []struct {
		name  string
		v     Value
		uint  any // nil if the value is refused
		int   any
		float any
		bool  any
	}{
		{"u8", U8(1), uint64(1), int64(1), 1.0, true},
		{"u16", U16(500), uint64(500), int64(500), 500.0, nil},
		{"u64", U64(32), uint64(32), int64(32), 32.0, nil},
		{"the largest u64", U64(math.MaxUint64), uint64(math.MaxUint64), nil, 0x1p64, nil},
		{"i8", i8, nil, int64(-2), -2.0, nil},
		{"i32", I32(7), uint64(7), int64(7), 7.0, nil},
		{"i32 below 0", I32(-1), nil, int64(-1), -1.0, nil},
		{"the lowest i64", i64, nil, int64(math.MinInt64), -0x1p63, nil},
		{"a whole f32", F32(8), uint64(8), int64(8), 8.0, nil},
		{"f32 0", F32(0), uint64(0), int64(0), 0.0, false},
		{"f64", F64(1e-6), nil, nil, 1e-6, nil},
		{"f64 below 0", F64(-3), nil, int64(-3), -3.0, nil},
		{"f64 2^63", F64(0x1p63), uint64(1 << 63), nil, 0x1p63, nil},
		{"f64 2^64", F64(0x1p64), nil, nil, 0x1p64, nil},
		{"infinite", F64(math.Inf(1)), nil, nil, math.Inf(1), nil},
		{"bool", Bool(true), nil, nil, nil, true},
		{"str", Str("8"), nil, nil, nil, nil},
		{"array", I32s([]int32{1}), nil, nil, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			u, ok := test.v.Uint()
			requireNumber(t, test.uint, u, ok)
			i, ok := test.v.Int()
			requireNumber(t, test.int, i, ok)
			f, ok := test.v.Float()
			requireNumber(t, test.float, f, ok)
			b, ok := test.v.Bool()
			requireNumber(t, test.bool, b, ok)
		})
	}
	_, ok := F64(math.NaN()).Uint()
	require.False(t, ok)
}

func requireNumber(t *testing.T, want, got any, ok bool) {
	t.Helper()
	require.Equal(t, want != nil, ok, got)
	if ok {
		require.Equal(t, want, got)
	}
}

// TestAnyNumbers does what TestAnyNumber does, for arrays.
func TestAnyNumbers(t *testing.T) {
	f64s := func(list ...float64) Value {
		v := Value{Kind: KindArray, Elem: KindF64, n: len(list)}
		for _, x := range list {
			v.raw = append(v.raw, F64(x).raw...)
		}
		return v
	}
	u8s := Value{Kind: KindArray, Elem: KindU8, n: 2, raw: []byte{0, 1}}
	bools := Value{Kind: KindArray, Elem: KindBool, n: 2, raw: []byte{0, 1}}
	u64s := Value{Kind: KindArray, Elem: KindU64, n: 1, raw: U64(1 << 31).raw}
	tests := []struct {
		name   string
		v      Value
		ints   any // nil if the array is refused
		floats any
		bools  any
	}{
		{"u8", u8s, []int32{0, 1}, []float32{0, 1}, []bool{false, true}},
		{"bool", bools, nil, nil, []bool{false, true}},
		{"u64 that do not fit an i32", u64s, nil, []float32{1 << 31}, nil},
		{"i32", I32s([]int32{-5, 1 << 30}), []int32{-5, 1 << 30}, []float32{-5, 1 << 30}, nil},
		{"f32", F32s([]float32{0.5}), nil, []float32{0.5}, nil},
		{"whole f64", f64s(3, -4), []int32{3, -4}, []float32{3, -4}, nil},
		{"f64 that do not fit an f32", f64s(1e300), nil, nil, nil},
		{"infinite f64", f64s(math.Inf(-1)), nil, []float32{float32(math.Inf(-1))}, nil},
		{"str", Strs([]string{"1"}), nil, nil, nil},
		{"no array", U32(1), nil, nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			i, ok := test.v.Ints()
			requireNumber(t, test.ints, i, ok)
			f, ok := test.v.Floats()
			requireNumber(t, test.floats, f, ok)
			b, ok := test.v.Bools()
			requireNumber(t, test.bools, b, ok)
		})
	}
}
