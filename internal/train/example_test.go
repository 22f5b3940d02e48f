package train_test

import (
	"fmt"

	"alpaca/internal/train"
)

// Example describes a model that has 6 layers and 192 numbers for each token.
func Example() {
	s, err := train.ParseShape("192x6")
	if err != nil {
		panic(err)
	}
	fmt.Println(s.Dim, s.Layers, s.Heads, s.FFNDim)
	// Output:
	// 192 6 6 512
}
