package data_test

import (
	"fmt"

	"alpaca/internal/data"
)

// Example compares texts without regard to case and punctuation.
func Example() {
	fmt.Println(data.Normal("Hello,  World!") == data.Normal("hello world"))
	fmt.Println(data.FirstWord("Write a story"))
	// Output:
	// true
	// write
}
