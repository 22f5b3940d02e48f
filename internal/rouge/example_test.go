package rouge_test

import (
	"fmt"

	"alpaca/internal/rouge"
)

// Example computes the similarity of two instructions.
func Example() {
	a, b := rouge.Words("Name three colours of the rainbow."), rouge.Words("Name the colours of a rainbow")
	fmt.Printf("%.2f\n", rouge.Score(rouge.LCS(a, b), len(a), len(b)))
	// Output:
	// 0.67
}
