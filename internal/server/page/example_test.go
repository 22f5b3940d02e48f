package page_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"

	"alpaca/internal/server/page"
)

// Example serves the page for browsers.
func Example() {
	mux := http.NewServeMux()
	for pattern, h := range page.Handlers() {
		mux.Handle(pattern, h)
	}
	r := httptest.NewRecorder()
	mux.ServeHTTP(r, httptest.NewRequest("GET", "/", nil))
	fmt.Println(r.Code, r.Header().Get("Content-Type"))
	// Output:
	// 200 text/html; charset=utf-8
}
