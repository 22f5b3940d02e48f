package selfinstruct_test

import (
	"fmt"

	"alpaca/internal/selfinstruct"
)

// Example shows the reason why an instruction is unusable.
func Example() {
	fmt.Printf("%q\n", selfinstruct.Filter("Draw a picture of a llama.", false))
	fmt.Printf("%q\n", selfinstruct.Filter("Explain what a llama eats.", false))
	// Output:
	// "not text: picture"
	// ""
}
