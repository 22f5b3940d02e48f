package logits_test

import (
	"fmt"

	"alpaca/internal/logits"
)

// Example prints probabilities and a rank from a model's logits for the next token.
func Example() {
	l := logits.NewLogprobs([]float32{0, 1, 3})
	for _, t := range l.Top(nil, 2) {
		fmt.Printf("token %d: %.3f\n", t.ID, l.Prob(t.ID))
	}
	fmt.Println("rank of token 0:", l.Rank(0))
	// Output:
	// token 2: 0.844
	// token 1: 0.114
	// rank of token 0: 3
}
