package listen_test

import (
	"fmt"

	"alpaca/internal/server/listen"
)

// Example shows which Host headers name this machine.
func Example() {
	fmt.Println(listen.OwnName("localhost:8080", nil), listen.OwnName("example.org", nil), listen.OwnName("example.org", []string{"example.org"}))
	// Output:
	// true false true
}
