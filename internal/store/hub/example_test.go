package hub_test

import (
	"fmt"

	"alpaca/internal/store/hub"
)

// Example shows the cache's name for a file that git stores itself.
func Example() {
	f := hub.File{Path: "README.md", Size: 5, GitSHA1: "b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0"}
	fmt.Println(f.ETag())
	// Output:
	// b6fc4c620b67d95f953a5c1c1230aaab5db5a1b0
}
