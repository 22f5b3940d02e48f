package quant_test

import (
	"fmt"

	"alpaca/internal/quant"
)

// Example encodes 32 weights to Q4_0, 18 bytes, and decodes them.
func Example() {
	weights := make([]float32, 32)
	for i := range weights {
		weights[i] = float32(i-16) / 16
	}
	block := make([]byte, quant.Q4_0.RowBytes(32))
	quant.Encode(quant.Q4_0, block, weights, 32, nil)
	back := make([]float32, 32)
	quant.Decode(quant.Q4_0, back, block)
	e := quant.MeasureError(weights, back)
	fmt.Println(len(block), "bytes, largest error", e.Max)
	// Output:
	// 18 bytes, largest error 0.0625
}
