package builtin_test

import (
	"fmt"

	"alpaca/internal/jinja/builtin"
	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// Example looks up an item as templates do.
func Example() {
	d := value.NewDict()
	d.Put("role", text.From("user", 1))
	r := &value.Run{}
	fmt.Println(builtin.Getitem(r, d, text.From("role", 1)))
	// Output:
	// user
}
