package probe_test

import (
	"fmt"
	"net/http/httptest"

	"alpaca/internal/server/metrics"
	"alpaca/internal/server/probe"
)

// Example answers a request for /readyz.
func Example() {
	r := httptest.NewRecorder()
	probe.Handler(idle{}).ServeHTTP(r, httptest.NewRequest("GET", "/readyz", nil))
	fmt.Println(r.Code)
	// Output:
	// 200
}

// idle is a process that is ready and alive.
type idle struct{}

func (idle) Ready() bool                 { return true }
func (idle) Alive() bool                 { return true }
func (idle) Write(_ *metrics.Exposition) {}
