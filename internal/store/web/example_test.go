package web_test

import (
	"fmt"

	"alpaca/internal/store/web"
)

// Example waits longer from try to try.
func Example() {
	fmt.Println(web.Pause(1) < web.Pause(3), web.Pause(100).Seconds() < 60)
	// Output:
	// true true
}
