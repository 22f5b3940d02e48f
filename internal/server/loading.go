package server

import (
	"net/http"
	"strconv"

	"alpaca/internal/openai"
)

// errLoading is the answer while the model is being loaded. The
// message is llama.cpp's, because some clients look for it.
var errLoading = &openai.Error{Status: http.StatusServiceUnavailable, Type: openai.TypeUnavailable, Code: "loading", Message: "Loading model", RetryAfter: 1}

// Loading returns a handler for the time before there is a Server: /livez says that the program
// runs, and every other request gets an error after which clients retry.
func Loading() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		status, body := http.StatusOK, any(map[string]string{"status": "ok"})
		if r.URL.Path != "/livez" {
			status, body = errLoading.Status, formed(errLoading, apiOf(r.URL.Path), "")
			w.Header().Set("Retry-After", strconv.Itoa(errLoading.RetryAfter))
		}
		w.Header().Set("Content-Type", jsonType)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		w.Write([]byte(encoded(body) + "\n"))
	})
}
