package bench_test

import (
	"fmt"

	"alpaca/internal/bench"
	"alpaca/internal/quant"
)

// Example prints the names of the tests of a grid.
func Example() {
	g := bench.Grid{
		Prompts: []int{512}, Gens: []int{128}, Depths: []int{0, 4096}, Parallels: []int{1}, Batches: []int{512}, Threads: []int{2},
		CacheKs: []quant.Type{quant.F16}, CacheVs: []quant.Type{quant.F16},
	}
	for _, t := range g.Tests() {
		fmt.Println(t.Name())
	}
	// Output:
	// pp512
	// tg128
	// pp512 @ d4096
	// tg128 @ d4096
}
