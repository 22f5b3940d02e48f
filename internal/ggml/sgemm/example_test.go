package sgemm_test

import (
	"fmt"

	"alpaca/internal/ggml/sgemm"
)

// Example multiplies two matrices of float32, the second one transposed.
func Example() {
	p := sgemm.Product{
		Dst: make([]float32, 4), DstStride: 2, M: 2, N: 2, K: 3,
		A: sgemm.Rows([]float32{1, 2, 3, 4, 5, 6}, 3),
		B: sgemm.Rows([]float32{1, 0, 0, 0, 1, 0}, 3).T(),
	}
	p.Run(new(sgemm.Scratch))
	fmt.Println(p.Dst)
	// Output:
	// [1 2 4 5]
}
