package train_test

import (
	"fmt"

	"alpaca/internal/train"
)

// Example describes a model with 192 numbers a token and 6 layers.
func Example() {
	s, err := train.ParseShape("192x6")
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Dim, s.Layers, s.Heads, s.FFNDim)
	// Output:
	// 192 6 6 512
}
