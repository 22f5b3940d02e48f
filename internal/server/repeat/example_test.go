package repeat_test

import (
	"fmt"

	"alpaca/internal/server/repeat"
)

// Example makes a reproducible id and time for a request.
func Example() {
	f := &repeat.By{ID: "req_1", Created: 86400}
	fmt.Println(f.NewID("msg_", "answer") == f.NewID("msg_", "answer"), f.Now().Format("2006-01-02"))
	// Output:
	// true 1970-01-02
}
