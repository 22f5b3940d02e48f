package random_test

import (
	"fmt"

	"alpaca/internal/train/random"
)

// Example draws numbers that depend only on where they are used.
func Example() {
	h := random.Hash(1, 7) // for seed 1, row 7
	fmt.Println(h == random.Hash(1, 7), h == random.Hash(1, 8), random.Uniform(h) < 1)
	// Output:
	// true false true
}
