package fetch_test

import (
	"fmt"

	"alpaca/internal/store/fetch"
)

// Example says how much is left to fetch of a file.
func Example() {
	total, known := fetch.ContentRangeTotal("bytes 0-99/1234")
	fmt.Println(total, known)
	// Output:
	// 1234 true
}
