package speculate_test

import (
	"fmt"

	"alpaca/internal/engine/speculate"
)

// Example asks how many tokens of a draft are worth a step.
func Example() {
	c := speculate.Always()
	s := c.Sources()
	fmt.Println(c.Length(&s, speculate.Offer{Kind: speculate.Pair, Others: 1, Tokens: 4}))
	// Output:
	// 4
}
