package lint_test

import (
	"fmt"

	"alpaca/internal/data/lint"
)

// Example looks up a rule by its id.
func Example() {
	r := lint.Rules[0]
	fmt.Println(lint.ByID(r.ID) == r, lint.ByID("no-such-rule") == nil)
	// Output:
	// true true
}
