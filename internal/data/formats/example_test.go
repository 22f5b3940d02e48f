package formats_test

import (
	"fmt"

	"alpaca/internal/data/formats"
)

// Example names the forms that rows are written in.
func Example() {
	f, err := formats.FormOf("csv")
	if err != nil {
		panic(err)
	}
	fmt.Println(f.Tabular())
	// Output:
	// true
}
