package jobs_test

import (
	"fmt"

	"alpaca/internal/jobs"
)

// Example parses one line of a file of requests.
func Example() {
	r, err := jobs.ParseRequest([]byte(`{"custom_id": "a", "method": "POST", "url": "/v1/completions", "body": {"prompt": "Once"}}`))
	if err != nil {
		panic(err)
	}
	fmt.Println(r.CustomID, r.URL)
	// Output:
	// a /v1/completions
}
