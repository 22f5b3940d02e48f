package strftime_test

import (
	"fmt"
	"time"

	"alpaca/internal/jinja/strftime"
)

// Example writes a day as Python does.
func Example() {
	text, err := strftime.Format("%d %B %Y", time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		panic(err)
	}
	fmt.Println(text)
	// Output:
	// 01 December 2026
}
