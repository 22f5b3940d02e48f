package grad_test

import (
	"fmt"

	"alpaca/internal/ggml/grad"
)

// Example adds a multiple of a vector to another vector, as training does with gradients.
func Example() {
	sum := []float32{1, 1, 1}
	grad.Axpy(sum, []float32{1, 2, 3}, 0.5)
	fmt.Println(sum, grad.Dot(sum, sum))
	// Output:
	// [1.5 2 2.5] 12.5
}
