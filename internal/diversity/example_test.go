package diversity_test

import (
	"fmt"

	"alpaca/internal/diversity"
)

// Example finds the verb of an instruction and its object.
func Example() {
	p := diversity.Find("Write a short story about llamas.")
	fmt.Println(p.Verb, p.Object)
	// Output:
	// write story
}
