package table_test

import (
	"fmt"

	"alpaca/internal/data/table"
)

// Example parses a filter of a request.
func Example() {
	f := table.ParseFilter("output__contains", "llama")
	fmt.Println(f.Column, table.Label(f.Op), f.Value)
	// Output:
	// output contains llama
}
