package stats_test

import (
	"fmt"

	"alpaca/internal/abtest/stats"
)

// Example computes the interval and the p-value of 14 wins in 20 votes.
func Example() {
	fmt.Printf("%.2f to %.2f\n", stats.Wilson(14, 20).Low, stats.Wilson(14, 20).High)
	fmt.Printf("p = %.3f\n", stats.SignTest(14, 6))
	// Output:
	// 0.48 to 0.85
	// p = 0.115
}
