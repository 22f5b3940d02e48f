package value_test

import (
	"fmt"

	"alpaca/internal/jinja/value"
)

// Example shows that a dict keeps the order of insertion, as in Python.
func Example() {
	d := value.NewDict()
	d.Put("b", 1)
	d.Put("a", 2)
	for i := range d.Len() {
		k, _ := d.At(i)
		fmt.Println(k)
	}
	// Output:
	// b
	// a
}
