package guard

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"time"

	"alpaca/internal/openai"
)

// timeoutHeader is the header that says how long the client waits for the whole answer, in seconds.
const timeoutHeader = "X-Request-Timeout"

// ErrTimeout ends an answer for which the client no longer waits.
// Clients should not retry, because another try would take as long.
var ErrTimeout = &openai.Error{Status: http.StatusRequestTimeout, Type: openai.TypeInvalid, Code: "request_timeout",
	Message: "the answer took longer than the request allows (" + timeoutHeader + ")", Final: true}

// WithTimeout returns a handler that ends h after the time that the request allows.
func WithTimeout(h Handle) Handle {
	return func(w http.ResponseWriter, r *http.Request) error {
		text := r.Header.Get(timeoutHeader)
		if text == "" {
			return h(w, r)
		}
		const limit = 24 * 60 * 60
		seconds, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(seconds) || seconds <= 0 || seconds > limit {
			return openai.Invalid(timeoutHeader, "is %q, must be a number of seconds above 0 and at most %d", Clip(text), limit)
		}
		ctx, cancel := context.WithTimeoutCause(r.Context(), time.Duration(seconds*float64(time.Second)), ErrTimeout)
		defer cancel()
		return h(w, r.WithContext(ctx))
	}
}
