package guard_test

import (
	"fmt"
	"net/http/httptest"

	"alpaca/internal/server/guard"
)

// Example recognizes a client by its key.
func Example() {
	g := guard.New([]string{"secret"}, nil, "")
	r := httptest.NewRequest("GET", "/props", nil)
	fmt.Println(g.Known(r))
	r.Header.Set("Authorization", "Bearer secret")
	fmt.Println(g.Known(r))
	// Output:
	// false
	// true
}
