package matmul_test

import (
	"fmt"

	"alpaca/internal/quant"
	"alpaca/internal/quant/matmul"
)

// Example multiplies a matrix of 2 rows in Q8_0 with one row of activations.
func Example() {
	weights := make([]float32, 2*32)
	for i := range weights {
		weights[i] = float32(i / 32) // row 0 is all zeros, row 1 all ones
	}
	data := make([]byte, 2*quant.Q8_0.RowBytes(32))
	quant.Encode(quant.Q8_0, data, weights, 32, nil)
	w, err := matmul.NewMatrix(quant.Q8_0, 2, 32, data)
	if err != nil {
		panic(err)
	}
	var a matmul.Acts
	a.Reset(w.Type, 1, 32)
	a.Quantize(0, weights[32:])
	out := make([]float32, 2)
	w.MulRows(out, 2, &a, 0, 2, new(matmul.Scratch))
	fmt.Printf("%.1f\n", out)
	// Output:
	// [0.0 32.0]
}
