// Package advice adds a way out to an error: what to type, or which variable to set. The
// store's packages know it, but only the command line writes hints. An error keeps its
// text, and the advice travels beside it.
package advice

import "errors"

// hinted is an error with advice.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// Add adds a way out to err.
func Add(err error, hint string) error { return hinted{err, hint} }

// Of returns the outermost advice of err, or "".
func Of(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.hint
	}
	return ""
}
