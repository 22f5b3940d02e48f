package fetch_test

import (
	"fmt"

	"alpaca/internal/store/fetch"
)

// Example computes how many bytes of a file are still to be fetched.
func Example() {
	total, known := fetch.ContentRangeTotal("bytes 0-99/1234")
	fmt.Println(total, known)
	// Output:
	// 1234 true
}
