// Package advice attaches a hint to an error: what to type, or which variable to set. The
// store's packages add hints, and only the command line prints them. The error's text does not
// change.
package advice

import "errors"

// hinted is an error with advice.
type hinted struct {
	error
	hint string
}

func (e hinted) Unwrap() error { return e.error }

// Add attaches a hint to err.
func Add(err error, hint string) error { return hinted{err, hint} }

// Of returns the outermost hint of err, or "".
func Of(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.hint
	}
	return ""
}
