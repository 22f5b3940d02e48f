package structured_test

import (
	"fmt"

	"alpaca/internal/structured"
)

// Example checks two schemas. In strict mode, an object that lists properties must allow no others.
func Example() {
	fmt.Println(structured.CheckStrict([]byte(`{"type": "object", "properties": {"a": {}}, "additionalProperties": false}`)))
	fmt.Println(structured.CheckStrict([]byte(`{"type": "object", "properties": {"a": {}}}`)) != nil)
	// Output:
	// <nil>
	// true
}
