package kernel_test

import (
	"fmt"

	"alpaca/internal/quant/kernel"
)

// Example adds the partial sums of a vector. It halves the vector again and again, so lane 0 is
// first added to lane 4.
func Example() {
	fmt.Println(kernel.Sum8(&[8]float32{1, 2, 3, 4, 5, 6, 7, 8}))
	// Output:
	// 36
}
