package formats_test

import (
	"fmt"

	"alpaca/internal/data/formats"
)

// Example looks up a form by its name.
func Example() {
	f, err := formats.FormOf("csv")
	if err != nil {
		panic(err)
	}
	fmt.Println(f.Tabular())
	// Output:
	// true
}
