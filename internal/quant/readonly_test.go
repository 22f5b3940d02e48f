package quant

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// decoded are SHA-256 sums of what gguf-py 0.19 decodes 200 blocks to: of bytes of a
// generator x = 1664525x + 1013904223, from 1 on, their highest 8 bits, with 0x2c66 as D.
var decoded = map[Type]string{
	IQ1_S:   "db2504342fe20c774a549eeed847e67d43eed271d950c681907904ddfddc001f",
	IQ1_M:   "b68bcd5a0933093c42199ebd2237efce54f32c6546587e146e48b8fac757be20",
	IQ2_XXS: "24fd0556eee2b7375d10853eb9fd27be8be3ff6cd1ce0e590b2bfd7b9ee2ee31",
	IQ2_XS:  "2f4037300bc941ae22b09eb3680e1991e0451f902eb6422d960042fae8bf4af3",
	IQ2_S:   "f2a288435ed33383755793dd247c06387dddd07fcb7c283fe7118261a7668952",
	IQ3_XXS: "4ca7709c4ad5b4ca130e1d1c1545d3ee21a69384fa915310699189d0d4a89135",
	IQ3_S:   "db7ff782ee256838e29c4794e9660b659eea77f04c1ca468b7b3dbf00cf43cab",
	NVFP4:   "7b2f74306c1d985db01316ebc99df75fe6264824a9faf47e65b9c77d7ff506ea",
}

// generated returns n blocks of t.
func generated(t Type, n int) []byte {
	size, x := t.BlockBytes(), uint32(1)
	data := make([]byte, n*size)
	for i := range data {
		x = x*1664525 + 1013904223
		data[i] = byte(x >> 24)
	}
	for block := data; len(block) > 0; block = block[size:] {
		switch t {
		case IQ1_M:
			for k := range 4 {
				block[49+2*k] = block[49+2*k]&15 | byte(uint16(0x2c66)>>(4*k)&15)<<4
			}
		case NVFP4: // has no sign bit
			for k := range 4 {
				block[k] &= 0x7f
			}
		default:
			binary.LittleEndian.PutUint16(block, 0x2c66)
		}
	}
	return data
}

func TestDecodeAsReference(t *testing.T) {
	for typ, want := range decoded {
		const blocks = 200
		values := make([]float32, blocks*typ.BlockLen())
		Decode(typ, values, generated(typ, blocks))
		sum := sha256.New()
		for _, v := range values {
			if v == 0 {
				v = 0 // of either sign
			}
			sum.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(v)))
		}
		require.Equal(t, want, hex.EncodeToString(sum.Sum(nil)), typ)
	}
}

// TestProductsOfReadTypes compares products with those of decoded weights and activations,
// and rows of several tokens, of parts of a matrix, with the definition.
func TestProductsOfReadTypes(t *testing.T) {
	for typ := range decoded {
		const rows, cols, tokens = 40, 512, 5
		blocks := rows * cols / typ.BlockLen()
		m, err := NewMatrix(typ, rows, cols, generated(typ, blocks))
		require.NoError(t, err)
		x := make([]float32, tokens*cols)
		for i := range x {
			x[i] = float32(i%17) - 8
		}
		var acts Acts
		acts.Reset(typ, tokens, cols)
		for i := range tokens {
			acts.Quantize(i, x[i*cols:(i+1)*cols])
		}
		out := make([]float32, tokens*rows)
		m.MulRows(out, rows, &acts, 0, rows, new(Scratch))
		weights := make([]float32, rows*cols)
		Decode(typ, weights, m.Data)
		var scratch rowScratch
		one := make([]float32, tokens)
		for r := range rows {
			dotRow(typ, one, m.Row(r), &acts, &scratch)
			for i := range tokens {
				require.Equal(t, one[i], out[i*rows+r], "%v row %d token %d", typ, r, i)
				var sum, size float64
				for j := range cols {
					p := float64(weights[r*cols+j]) * float64(x[i*cols+j])
					sum, size = sum+p, size+math.Abs(p)
				}
				require.InDelta(t, sum, float64(out[i*rows+r]), 0.01*size, "%v row %d token %d", typ, r, i)
			}
		}
	}
}

func TestInfiniteScaleInPieces(t *testing.T) {
	data := generated(IQ1_M, 3)
	require.True(t, FiniteScales(IQ1_M, data))
	data[56+53], data[56+55] = data[56+53]|0xf0, data[56+55]|0x70
	require.False(t, FiniteScales(IQ1_M, data))
}
