package quant

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant/fit"
	"alpaca/internal/quant/quanttest"
)

// weightsOf has a function for each kind of difficult weights. The function returns weight i.
var weightsOf = map[string]func(r *rand.Rand, i int) float32{
	"normal": func(r *rand.Rand, _ int) float32 { return float32(r.NormFloat64() * 0.02) },
	"few values": func(r *rand.Rand, _ int) float32 {
		return float32(math.Round(r.NormFloat64()*4) / 8)
	},
	"all sizes": func(r *rand.Rand, _ int) float32 {
		return float32(math.Ldexp(r.NormFloat64(), r.IntN(40)-20))
	},
	"zeros": func(r *rand.Rand, _ int) float32 {
		switch {
		case r.IntN(60) == 0:
			return float32(r.NormFloat64())
		case r.IntN(500) == 0:
			return float32(r.NormFloat64() * 1e4)
		}
		return float32(math.Copysign(0, r.NormFloat64()))
	},
	"subnormal": func(r *rand.Rand, i int) float32 {
		return math.Float32frombits(r.Uint32()&0x807fffff) * []float32{1, 0x1p-10, 8, 256}[i/256%4]
	},
	"one sign": func(r *rand.Rand, i int) float32 {
		return float32(1-i/256%2*2) * (1 + float32(r.NormFloat64())*1e-3)
	},
	"about 1e-15": func(r *rand.Rand, _ int) float32 { return float32(r.NormFloat64() * 1e-15) },
	"ties":        func(r *rand.Rand, _ int) float32 { return float32(r.IntN(31)-15) / 2 },
	"constant":    func(_ *rand.Rand, i int) float32 { return float32(i/16%7) - 3 },
	"large":       func(r *rand.Rand, _ int) float32 { return float32(r.NormFloat64()) * 1e6 },
	"nearly constant": func(r *rand.Rand, i int) float32 {
		return -1 - float32(r.IntN(3))*0x1p-23*float32(int32(1)<<(i/256%20))
	},
	"none": func(*rand.Rand, int) float32 { return 0 },
}

// TestEncodeKernels checks that the encoders of this CPU write the same bytes as the portable
// ones, and access nothing beyond their arguments.
func TestEncodeKernels(t *testing.T) {
	requireEncodeKernels(t)
	for _, typ := range computable {
		t.Run(typ.String(), func(t *testing.T) {
			cols := max(typ.BlockLen(), 256) * 3
			if typ.BlockLen() < 256 {
				cols = 256 + 3*max(typ.BlockLen(), 1)
			}
			for name, weight := range weightsOf {
				r := rand.New(rand.NewPCG(11, uint64(typ)))
				x, dst := make([]float32, 3*cols), make([]byte, 3*typ.RowBytes(cols))
				for i := range x {
					x[i] = weight(r, i)
				}
				importance := make([]float32, cols)
				for i := range importance {
					importance[i] = max(0, float32(r.NormFloat64()))
				}
				x, dst = quanttest.AtPageEnd(t, x), quanttest.AtPageEnd(t, dst)
				for _, w := range [][]float32{nil, quanttest.AtPageEnd(t, importance)} {
					want := portably(func() []byte {
						dst := make([]byte, len(dst))
						Encode(typ, dst, x, cols, w)
						return dst
					})
					Encode(typ, dst, x, cols, w)
					require.Equal(t, want, dst, "%s, importance %v", name, w != nil)
				}
			}
		})
	}
}

// FuzzDecode checks that arbitrary bytes are decoded to
// the weights that the formula of the format gives.
func FuzzDecode(f *testing.F) {
	for i, typ := range computable {
		for _, block := range testBlocks(typ)[:3] {
			f.Add(uint8(i), block)
		}
	}
	f.Fuzz(func(t *testing.T, i uint8, data []byte) {
		typ := computable[int(i)%len(computable)]
		n := typ.BlockBytes()
		data = data[:len(data)/n*n]
		x := make([]float32, len(data)/n*typ.BlockLen())
		Decode(typ, x, data)
		for e, v := range x {
			at := e / typ.BlockLen()
			quanttest.RequireSameFloat(t, weightAt(typ, data[at*n:at*n+n], e%typ.BlockLen()), v, "%v %d", typ, e)
		}
		if FiniteScales(typ, data) && typ != F32 && typ != BF16 {
			require.Equal(t, -1, FirstNotFinite(x))
		}
	})
}

// FuzzEncode checks that Encode never panics, even on weights that no model should
// have. If the weights are finite, all encoders must write the same bytes.
func FuzzEncode(f *testing.F) {
	for i := range computable {
		f.Add(uint8(i), true, []byte{0, 0, 128, 63, 1, 0, 0, 0, 255, 255, 127, 127})
		f.Add(uint8(i), false, []byte{0, 0, 128, 127, 0, 0, 192, 255, 1})
	}
	f.Fuzz(func(t *testing.T, i uint8, weighted bool, data []byte) {
		typ := computable[int(i)%len(computable)]
		x := make([]float32, 512)
		for j := range min(len(x), len(data)/4) {
			x[j] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*j:]))
		}
		var importance []float32
		if weighted {
			importance = make([]float32, len(x))
			for j := range importance {
				importance[j] = fit.Abs(x[len(x)-1-j])
			}
		}
		dst := make([]byte, typ.RowBytes(len(x)))
		Encode(typ, dst, x, len(x), importance)
		if FirstNotFinite(x) >= 0 {
			return
		}
		want := portably(func() []byte {
			dst := make([]byte, len(dst))
			Encode(typ, dst, x, len(x), importance)
			return dst
		})
		require.Equal(t, want, dst)
	})
}

// TestEncodeNotNumbers checks that all encoders of Q8_0 write the same bytes for weights that
// are NaN or infinite. A cache of Q8_0 may get such values from a model with broken weights.
func TestEncodeNotNumbers(t *testing.T) {
	requireEncodeKernels(t)
	r := rand.New(rand.NewPCG(12, 1))
	x, got, want := make([]float32, 32), make([]byte, 34), make([]byte, 34)
	for i := range 2000 {
		for j := range x {
			x[j] = float32(r.NormFloat64())
		}
		for range 1 + i%3 {
			x[r.IntN(32)] = float32(math.NaN())
		}
		if i%8 == 0 {
			x[r.IntN(32)] = float32(math.Inf(1 - i%16))
		}
		portably(func() []byte { Encode(Q8_0, want, x, 32, nil); return nil })
		Encode(Q8_0, got, x, 32, nil)
		require.Equal(t, want, got, "%v", x)
	}
}
