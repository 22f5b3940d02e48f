package shorten_test

import (
	"fmt"

	"alpaca/internal/report/shorten"
)

func ExampleText() {
	fmt.Println(shorten.Text("naïve", 3))
	fmt.Println(shorten.Text("naïve", 5))
	// Output:
	// naï…
	// naïve
}
