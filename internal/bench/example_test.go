package bench_test

import (
	"fmt"

	"alpaca/internal/bench"
)

// Example names the tests of a grid.
func Example() {
	for _, t := range (bench.Grid{Prompts: []int{512}, Gens: []int{128}, Depths: []int{0, 4096}}).Tests() {
		fmt.Println(t.Name())
	}
	// Output:
	//
}
