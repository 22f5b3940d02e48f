package vec_test

import (
	"fmt"

	"alpaca/internal/ggml/vec"
)

// Example multiplies a matrix of two rows with a column.
func Example() {
	a := vec.Mat{Data: []float32{1, 2, 3, 4}, Stride: 2}
	b := vec.Mat{Data: []float32{10, 1}, Stride: 1}
	c := vec.Mat{Data: make([]float32, 2), Stride: 1}
	vec.Gemm(c, a, b, vec.Size{M: 2, K: 2, N: 1}, true)
	fmt.Println(c.Data)
	// Output:
	// [12 34]
}
