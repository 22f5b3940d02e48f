package ggml_test

import (
	"fmt"

	"alpaca/internal/ggml"
)

// Example rotates a head of two pairs to position 1.
func Example() {
	rope, err := ggml.NewRope(ggml.RopeParams{Dim: 4, Base: 10000})
	if err != nil {
		panic(err)
	}
	cos, sin := make([]float32, rope.Pairs()), make([]float32, rope.Pairs())
	rope.Angles(cos, sin, 1)
	head := []float32{1, 0, 1, 0}
	rope.Apply(head, cos, sin)
	fmt.Printf("%.4f\n", head)
	// Output:
	// [0.5403 0.8415 0.9999 0.0100]
}
