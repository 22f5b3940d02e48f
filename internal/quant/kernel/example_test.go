package kernel_test

import (
	"fmt"

	"alpaca/internal/quant/kernel"
)

// Example adds the partial sums of a vector in the order of halving: lane 0 with lane 4 first.
func Example() {
	fmt.Println(kernel.Sum8(&[8]float32{1, 2, 3, 4, 5, 6, 7, 8}))
	// Output:
	// 36
}
