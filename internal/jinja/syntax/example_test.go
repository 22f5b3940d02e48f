package syntax_test

import (
	"fmt"

	"alpaca/internal/jinja/syntax"
)

// Example finds the line and the column of an error.
func Example() {
	source := "Hello\n{% if %}"
	_, err := syntax.Parse(source)
	fmt.Println(err)
	// Output:
	// line 2, column 7: expected an expression, got %}
}
