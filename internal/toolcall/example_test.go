package toolcall_test

import (
	"fmt"

	"alpaca/internal/toolcall"
)

// Example recognizes how a family of models writes calls of tools.
func Example() {
	f := toolcall.Recognize(`{% for tool in tools %}<tool_call>{{ tool | tojson }}</tool_call>{% endfor %}`)
	fmt.Println(f != nil)
	fmt.Println(toolcall.IDOf(true, make([]byte, 32)))
	// Output:
	// true
	// 000000000
}
