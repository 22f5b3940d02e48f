package text_test

import (
	"fmt"

	"alpaca/internal/jinja/text"
)

// Example keeps where each character comes from.
func Example() {
	t := text.From("Hello", 1).Upper()
	fmt.Println(t, t.Runes())
	// Output:
	// HELLO 5
}
