package web_test

import (
	"fmt"

	"alpaca/internal/store/web"
)

// Example shows that the pause grows with each try.
func Example() {
	fmt.Println(web.Pause(1) < web.Pause(3), web.Pause(100).Seconds() < 60)
	// Output:
	// true true
}
