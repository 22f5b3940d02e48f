package lora_test

import (
	"fmt"

	"alpaca/internal/lora"
)

// Example transposes a matrix of two rows.
func Example() {
	fmt.Println(lora.Transposed([]float32{1, 2, 3, 4, 5, 6}, 2, 3))
	// Output:
	// [1 4 2 5 3 6]
}
