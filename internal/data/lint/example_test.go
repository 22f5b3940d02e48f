package lint_test

import (
	"fmt"

	"alpaca/internal/data/lint"
)

// Example says what a rule looks for.
func Example() {
	r := lint.Rules[0]
	fmt.Println(lint.ByID(r.ID) == r, lint.ByID("no-such-rule") == nil)
	// Output:
	// true true
}
