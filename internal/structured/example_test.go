package structured_test

import (
	"fmt"

	"alpaca/internal/structured"
)

// Example asks a schema to say that there are no other properties.
func Example() {
	fmt.Println(structured.CheckStrict([]byte(`{"type": "object", "properties": {"a": {}}, "additionalProperties": false}`)))
	fmt.Println(structured.CheckStrict([]byte(`{"type": "object", "properties": {"a": {}}}`)) != nil)
	// Output:
	// <nil>
	// true
}
