package pick_test

import (
	"fmt"

	"alpaca/internal/store/pick"
)

// Example finds the quantization in a file's name.
func Example() {
	fmt.Println(pick.QuantOf("SmolLM2-135M-Instruct-Q4_K_M.gguf"), pick.IsModel("mmproj-model-f16.gguf"))
	// Output:
	// Q4_K_M false
}
