package metrics_test

import (
	"fmt"

	"alpaca/internal/server/metrics"
)

// Example writes a counter in Prometheus' text format.
func Example() {
	var p metrics.Exposition
	p.One("counter", "requests_total", "Requests answered.", 3)
	fmt.Print(p.String())
	// Output:
	// # HELP requests_total Requests answered.
	// # TYPE requests_total counter
	// requests_total 3
}
