package value_test

import (
	"fmt"

	"alpaca/internal/jinja/value"
)

// Example keeps the order of a dict, as Python does.
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
