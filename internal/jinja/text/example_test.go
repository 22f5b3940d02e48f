package text_test

import (
	"fmt"

	"alpaca/internal/jinja/text"
)

// Example shows that a result keeps the origin of its characters.
func Example() {
	t := text.From("Hello", 1).Upper()
	fmt.Println(t, t.Runes())
	// Output:
	// HELLO 5
}
