package thinking_test

import (
	"fmt"

	"alpaca/internal/server/thinking"
)

// Example separates a model's thinking from its answer.
func Example() {
	tags := thinking.TagsOf("{{ '<think>' }}")
	p := tags.Splitter("")
	thought, answer := p.Push("<think>\nhm\n</think>\n\n42")
	more, rest := p.End()
	fmt.Printf("%q %q\n", thought+more, answer+rest)
	// Output:
	// "hm" "42"
}
