package lookup_test

import (
	"fmt"

	"alpaca/internal/engine/lookup"
)

// Example drafts the tokens that followed when the last tokens of a text occurred before.
func Example() {
	var x lookup.Index
	x.Add(10, 11, 12, 13, 14, 20, 10, 11, 12)
	next, match := x.Find(nil, 2)
	fmt.Println(next, match)
	// Output:
	// [13 14] 3
}
