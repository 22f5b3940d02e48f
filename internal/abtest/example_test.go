package abtest_test

import (
	"fmt"

	"alpaca/internal/abtest"
)

// Example chooses two of four prompts, the same ones for the same seed.
func Example() {
	fmt.Println(len(abtest.Order(1, 4, 2)), abtest.X.Other())
	// Output:
	// 2 Y
}
