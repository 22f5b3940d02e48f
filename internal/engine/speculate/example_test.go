package speculate_test

import (
	"fmt"

	"alpaca/internal/engine/speculate"
)

// Example asks how many tokens of a draft are worth a step.
func Example() {
	c := speculate.Always()
	s := c.Source()
	fmt.Println(c.Length(&s, 0, 4))
	// Output:
	// 4
}
