package abtest_test

import (
	"fmt"

	"alpaca/internal/abtest"
)

// Example chooses two of four prompts. The same seed gives the same prompts.
func Example() {
	fmt.Println(len(abtest.Order(1, 4, 2)), abtest.X.Other())
	// Output:
	// 2 Y
}
