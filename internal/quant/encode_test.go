package quant

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/quanttest"
)

// TestEncodeEdges checks blocks whose bytes follow directly from the definition of the format.
func TestEncodeEdges(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	all := func(n int, v float32) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = v
		}
		return x
	}
	with := func(x []float32, at int, v float32) []float32 {
		x[at] = v
		return x
	}
	bytes := func(n int, v byte) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = v
		}
		return b
	}
	cat := func(parts ...[]byte) (all []byte) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	const tiny = math.SmallestNonzeroFloat32
	tests := []struct {
		name string
		typ  Type
		x    []float32
		want []byte
	}{
		{"zeros", Q4_0, all(32, 0), cat([]byte{0, 0x80}, bytes(16, 0x88))},
		{"negative zeros", Q4_0, all(32, negativeZero), cat([]byte{0, 0x80}, bytes(16, 0x88))},
		{"zeros", Q5_0, all(32, 0), cat([]byte{0, 0x80}, bytes(4, 0xff), bytes(16, 0))},
		{"zeros", Q4_1, all(32, 0), bytes(20, 0)},
		{"negative zeros", Q4_1, all(32, negativeZero), cat([]byte{0, 0, 0, 0x80}, bytes(16, 0))},
		{"zeros, the first negative", Q4_1, with(all(32, 0), 0, negativeZero), cat([]byte{0, 0, 0, 0x80}, bytes(16, 0))},
		{"zeros, the last negative", Q4_1, with(all(32, 0), 31, negativeZero), bytes(20, 0)},
		{"zeros", Q5_1, all(32, 0), bytes(24, 0)},
		{"zeros", Q8_0, all(32, 0), bytes(34, 0)},
		{"zeros", IQ4_NL, all(32, 0), cat([]byte{0, 0}, bytes(16, 0x88))},
		{"zeros", MXFP4, all(32, 0), bytes(17, 0)},
		{"all magnitudes", MXFP4, with(with(with(with(with(all(32, 0), 0, 6), 1, -4), 2, 3), 3, 0.5), 16, -0.5),
			cat([]byte{127, 0x97, 0x0e, 0x05, 0x01}, bytes(12, 0))},
		{"if two codes are equally near, the first is used", MXFP4, with(with(with(all(32, 0), 0, 4), 1, 5), 2, -0.25), cat([]byte{127, 6, 6, 0}, bytes(13, 0))},
		{"just below a power of two", MXFP4, with(all(32, 0), 0, 127.99999), cat([]byte{132, 6}, bytes(15, 0))},
		{"zeros", IQ4_XS, all(256, 0), cat([]byte{0, 0x80, 0xaa, 0xaa, 0, 0, 0, 0}, bytes(128, 0x88))},
		{"zeros", Q2_K, all(256, 0), bytes(84, 0)},
		{"zeros", Q3_K, all(256, 0), bytes(110, 0)},
		{"zeros", Q4_K, all(256, 0), bytes(144, 0)},
		{"zeros", Q5_K, all(256, 0), bytes(176, 0)},
		{"zeros", Q6_K, all(256, 0), bytes(210, 0)},
		{"zeros", TQ1_0, all(256, 0), cat(bytes(48, 0x80), bytes(4, 0x7f), []byte{0, 0})},
		{"zeros", TQ2_0, all(256, 0), cat(bytes(64, 0x55), []byte{0, 0})},
		{"zeros", Q2_0, all(64, 0), cat([]byte{0, 0}, bytes(16, 0x55))},
		{"ties away from zero", Q2_0, with(with(with(all(64, 0), 0, -2), 1, 1), 2, -1), cat([]byte{0, 0x40, 0x48}, bytes(15, 0x55))},
		{"subnormals whose inverse scale is infinite", Q2_0, with(with(all(64, 0), 0, tiny*1000), 1, -tiny), bytes(18, 0)},
		{"if two weights have the largest magnitude, the first becomes -8", Q4_0, with(with(all(32, 0), 3, 2), 4, -2),
			// d = 2/-8. So 2 becomes code 0. -2 would become code 16, which is limited to 15.
			cat([]byte{0, 0xb4}, bytes(3, 0x88), []byte{0x80, 0x8f}, bytes(11, 0x88))},
		{"one huge", Q8_0, with(all(32, 1e-3), 31, -3e4), cat([]byte{0x62, 0x5b}, bytes(31, 0), []byte{0x81})},
		{"ties away from zero", Q8_0, with(with(with(all(32, 0), 0, 127), 1, 0.5), 2, -2.5),
			cat([]byte{0, 0x3c, 127, 1, 0xfd}, bytes(29, 0))},
		{"ties up", Q4_0, with(with(with(all(32, 0), 0, -8), 1, 0.5), 2, -0.5),
			cat([]byte{0, 0x3c, 0x80, 0x89, 0x88}, bytes(13, 0x88))},
		{"subnormals whose inverse scale is infinite", Q4_0, with(all(32, 0), 0, tiny*100), cat([]byte{0, 0x80}, bytes(16, 0))},
		{"subnormals whose inverse scale is infinite", Q8_0, with(all(32, 0), 0, tiny*1000), bytes(34, 0)},
		{"subnormals without a scale", Q4_0, with(all(32, 0), 0, tiny), cat([]byte{0, 0x80}, bytes(16, 0x88))},
		{"subnormals", Q6_K, all(256, tiny), bytes(210, 0)},
	}
	for _, test := range tests {
		t.Run(test.typ.String()+" "+test.name, func(t *testing.T) {
			got := make([]byte, len(test.want))
			Encode(test.typ, got, test.x, len(test.x), nil)
			require.Equal(t, test.want, got)
		})
	}
}

// TestEncodeStable encodes and decodes weights, and checks that encoding them again gives
// the same bytes. It does so for formats whose scales follow directly from the weights.
func TestEncodeStable(t *testing.T) {
	for _, typ := range []Type{F32, F16, BF16, Q4_0, Q5_0, Q8_0, MXFP4, TQ1_0, TQ2_0, Q2_0} {
		t.Run(typ.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(8, uint64(typ)))
			const cols = 1024
			for range 20 {
				x := quanttest.NormalFloats(r, cols)
				first, again := make([]byte, typ.RowBytes(cols)), make([]byte, typ.RowBytes(cols))
				Encode(typ, first, x, cols, nil)
				Decode(typ, x, first)
				Encode(typ, again, x, cols, nil)
				require.Equal(t, first, again)
			}
		})
	}
}

// TestEncodeError checks the error of each format on normal weights with a root mean square of 1.
// With importance, the error of the important half of the columns must be smaller.
func TestEncodeError(t *testing.T) {
	limits := map[Type]float64{
		F32: 0, F16: 0.0003, BF16: 0.003, Q8_0: 0.007, Q6_K: 0.02, Q5_1: 0.05, Q5_0: 0.06, Q5_K: 0.05, Q4_1: 0.1,
		Q4_0: 0.12, Q4_K: 0.1, IQ4_NL: 0.1, IQ4_XS: 0.1, MXFP4: 0.13, Q3_K: 0.18, Q2_K: 0.35, TQ1_0: 0.95, TQ2_0: 0.95, Q1_0: 0.7, NVFP4: 0.12, Q2_0: 0.95,
	}
	r := rand.New(rand.NewPCG(9, 9))
	const cols = 4096
	x, back := quanttest.NormalFloats(r, cols), make([]float32, cols)
	importance := make([]float32, cols)
	for i := range importance {
		importance[i] = []float32{0.01, 1}[i%2]
	}
	for _, typ := range computable {
		rms := func(importance []float32, from int) float64 {
			data := make([]byte, typ.RowBytes(cols))
			Encode(typ, data, x, cols, importance)
			Decode(typ, back, data)
			var sum float64
			for i := from; i < cols; i += 2 {
				d := float64(back[i] - x[i])
				sum += d * d
			}
			return math.Sqrt(sum / (cols / 2))
		}
		require.LessOrEqual(t, rms(nil, 1), limits[typ], typ)
		if UsesImportance(typ) {
			require.Less(t, rms(importance, 1), rms(nil, 1), typ)
		}
	}
}

// TestEncodeShapes checks that Encode panics if its arguments are wrong, because this is a bug in
// the calling code.
func TestEncodeShapes(t *testing.T) {
	x, dst := make([]float32, 512), make([]byte, 2*144)
	require.NotPanics(t, func() { Encode(Q4_K, dst, x, 256, nil) })
	require.Panics(t, func() { Encode(Q4_K, dst, x, 128, nil) })
	require.Panics(t, func() { Encode(Q4_K, dst[1:], x, 256, nil) })
	require.Panics(t, func() { Encode(Q4_K, dst, x, 256, x[:255]) })
	require.Panics(t, func() { Encode(Q8_K, dst, x, 256, nil) })
	require.NotPanics(t, func() { Encode(Q4_K, nil, nil, 256, nil) })
}

// BenchmarkEncode reports the weights encoded per second on one core.
func BenchmarkEncode(b *testing.B) {
	const cols, rows = 4096, 4
	r := rand.New(rand.NewPCG(1, 1))
	x, importance := quanttest.NormalFloats(r, rows*cols), make([]float32, cols)
	for i := range importance {
		importance[i] = r.Float32()
	}
	for _, typ := range computable {
		for _, w := range [][]float32{nil, importance} {
			name := typ.String()
			if w != nil {
				if !UsesImportance(typ) {
					continue
				}
				name += "+importance"
			}
			b.Run(name, func(b *testing.B) {
				dst := make([]byte, rows*typ.RowBytes(cols))
				b.SetBytes(int64(len(x)) * 4)
				for b.Loop() {
					Encode(typ, dst, x, cols, w)
				}
				b.ReportMetric(float64(len(x))*float64(b.N)/b.Elapsed().Seconds()/1e6, "Mweights/s")
			})
		}
	}
}
