package quantize_test

import (
	"fmt"

	"alpaca/internal/quantize"
)

// Example looks up a mix of types.
func Example() {
	mix, err := quantize.ParseMix("q4_k_m")
	if err != nil {
		panic(err)
	}
	fmt.Println(mix.Name, "is mostly", mix.Type)
	// Output:
	// Q4_K_M is mostly Q4_K
}
