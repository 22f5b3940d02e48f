package plan_test

import (
	"fmt"

	"alpaca/internal/train/plan"
)

// Example shows the rates of a warm-up and a cosine.
func Example() {
	s := plan.Schedule{Kind: "cosine", Peak: 1e-3, Min: 1e-4, Updates: 10, Warmup: 2}
	for _, u := range []int{0, 1, 9} {
		fmt.Printf("update %d: %.1e\n", u, s.Rate(u))
	}
	// Output:
	// update 0: 5.0e-04
	// update 1: 1.0e-03
	// update 9: 1.0e-04
}
