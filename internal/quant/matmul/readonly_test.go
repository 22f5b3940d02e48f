package matmul

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"alpaca/internal/quant"
	"alpaca/internal/quant/quanttest"
)

// TestProductsOfReadTypes checks the products of types that cannot be encoded. MulRows must agree
// with dotRow bit for bit, and approximately with the product of decoded weights and activations.
func TestProductsOfReadTypes(t *testing.T) {
	for _, typ := range []quant.Type{quant.IQ1_S, quant.IQ1_M, quant.IQ2_XXS, quant.IQ2_XS, quant.IQ2_S, quant.IQ3_XXS, quant.IQ3_S, quant.NVFP4} {
		const rows, cols, tokens = 40, 512, 5
		blocks := rows * cols / typ.BlockLen()
		m, err := NewMatrix(typ, rows, cols, quanttest.Generated(typ.String(), typ.BlockBytes(), blocks))
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
		quant.Decode(typ, weights, m.Data)
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
