package matmul

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/quant/codec"
	"alpaca/internal/quant/quanttest"
)

// TestDotRow compares the dot product of each format with a dot product in float64 of the decoded
// weights and the quantized activations. They may differ only by rounding.
func TestDotRow(t *testing.T) {
	const tokens, cols = 3, 512
	for typ := range quant.Type(2000) {
		if !quant.CanEncode(typ) {
			continue
		}
		t.Run(typ.String(), func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, uint64(typ)))
			row := randomRow(r, typ, cols)
			w := make([]float32, cols)
			quant.Decode(typ, w, row)
			var a Acts
			a.Reset(typ, tokens, cols)
			for i := range tokens {
				a.Quantize(i, quanttest.NormalFloats(r, cols))
			}
			got := make([]float32, tokens)
			dotRow(typ, got, row, &a, new(rowScratch))
			requireProducts(t, got, row, w, &a, typ)
		})
	}
}

// requireProducts checks that got is close to the products
// of the decoded row w with the quantized activations.
func requireProducts(t *testing.T, got []float32, row []byte, w []float32, a *Acts, typ quant.Type) {
	t.Helper()
	for i, v := range got {
		var want, size float64
		for k, w := range w {
			p := float64(w) * a.value(i, k)
			want += p
			size += math.Abs(p)
		}
		slack := size * 0x1p-20
		if f, _ := quant.Format32Of(typ); f.HasMin { // DS has only 11 significant bits
			for b := range a.Blocks {
				_, m := f.Unpack(row[b*typ.BlockBytes():], new([32]int8))
				slack += math.Abs(float64(m)*float64(a.DS[i*a.Blocks+b])) * 0x1p-11
			}
		}
		require.InDelta(t, want, v, slack, "token %d", i)
	}
}

// value returns the quantized activation k of row i.
func (a *Acts) value(i, k int) float64 {
	if a.form < ActQ8 {
		return float64(a.F[i*a.Stride+k])
	}
	return float64(a.Q[i*a.Stride+k]) * float64(a.D[i*a.Blocks+k/a.blockLen()])
}

// randomRow returns a row of weights of type t, whose magnitudes are between 2^-7 and 2^3.
func randomRow(r *rand.Rand, t quant.Type, cols int) []byte {
	row := make([]byte, t.RowBytes(cols))
	for i := range row {
		row[i] = byte(r.Uint32())
	}
	half := func() float32 { return (r.Float32() - 0.5) / 64 }
	n := t.BlockBytes()
	for b := 0; b < len(row); b += n {
		switch t {
		case quant.F32:
			bits := math.Float32bits(half())
			row[b], row[b+1], row[b+2], row[b+3] = byte(bits), byte(bits>>8), byte(bits>>16), byte(bits>>24)
		case quant.F16:
			codec.PutF16(row[b:], half())
		case quant.BF16:
			h := codec.F32ToBF16(half())
			row[b], row[b+1] = byte(h), byte(h>>8)
		}
		for _, at := range quanttest.ScaleOffsets[t.String()] {
			codec.PutF16(row[b+at:], half())
		}
		for _, at := range quanttest.WideScaleOffsets[t.String()] {
			binary.LittleEndian.PutUint32(row[b+at:], math.Float32bits(half()))
		}
	}
	return row
}

// TestDotF32Tail checks rows whose length is not a multiple of 8.
func TestDotF32Tail(t *testing.T) {
	negativeZero := float32(math.Copysign(0, -1))
	tests := []struct {
		name string
		w, x []float32
		want float32
	}{
		{"empty", nil, nil, 0},
		{"one", []float32{3}, []float32{2}, 6},
		{"padding turns -0 into +0", []float32{negativeZero}, []float32{1}, 0},
		{"nine", []float32{1, 1, 1, 1, 1, 1, 1, 1, 5}, []float32{1, 2, 3, 4, 5, 6, 7, 8, 10}, 86},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			quanttest.RequireSameFloat(t, test.want, DotF32(test.w, test.x), "%v · %v", test.w, test.x)
		})
	}
}
