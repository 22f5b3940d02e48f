package advice_test

import (
	"errors"
	"fmt"

	"alpaca/internal/store/advice"
)

// Example adds a hint to an error.
func Example() {
	err := advice.Add(errors.New("there is no such model"), "alpaca pull fetches it")
	fmt.Println(err)
	fmt.Println(advice.Of(err))
	// Output:
	// there is no such model
	// alpaca pull fetches it
}
