package ui

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"alpaca/internal/lazyregexp"
)

// Exit statuses.
const (
	ExitOK          = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitInterrupted = 130 // 128 + SIGINT, as shells have it
)

// usageError is an error of the command line: exit status 2.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// Usage makes err a usage error.
func Usage(err error) error { return usageError{err} }

// Usagef returns a usage error.
func Usagef(format string, args ...any) error {
	return usageError{fmt.Errorf(format, args...)}
}

// statusError is an error with an exit status of its own.
type statusError struct {
	error
	status int
}

func (e statusError) Unwrap() error { return e.error }

// WithStatus returns err with an exit status, with which the command then ends.
func WithStatus(err error, status int) error { return statusError{err, status} }

// hintedError is an error with advice: each hint is a line.
type hintedError struct {
	error
	hints []string
}

func (e hintedError) Unwrap() error { return e.error }

// WithHint adds advice to an error.
func WithHint(err error, hints ...string) error { return hintedError{err, hints} }

// ErrInterrupted says that Ctrl-C ended the work. ExitStatus prints no message for it.
var ErrInterrupted = errors.New("interrupted")

// ExitStatus prints a command's error with its hints and returns the exit status. It prints
// nothing if a signal ended the command, or if the reader of its output has closed the pipe.
// If err is nil, ExitStatus reports the first error of a write to Out.
func (u *UI) ExitStatus(err error) int {
	if err == nil {
		err = u.outError()
	}
	switch {
	case err == nil:
		return ExitOK
	case isClosedPipe(err):
		// The reader of stdout, such as head, has seen enough.
		return ExitOK
	case errors.Is(err, ErrInterrupted), errors.Is(err, context.Canceled):
		return u.signals.exitStatus()
	}
	u.errorf("%v", err)
	for _, hint := range hintsOf(err) {
		u.hintf("%s", hint)
	}
	if errors.As(err, new(usageError)) {
		return ExitUsage
	}
	if own, ok := errors.AsType[statusError](err); ok {
		return own.status
	}
	return ExitFailure
}

// hintsOf returns the advice that was added to an error anywhere in its chain.
func hintsOf(err error) []string {
	var hints []string
	for err != nil {
		if h, ok := err.(hintedError); ok {
			hints = append(hints, h.hints...)
		}
		err = errors.Unwrap(err)
	}
	return hints
}

// QuoteList returns a list as text, such as: "a", "b" or "c".
func QuoteList(list []string, conjunction string) string {
	quoted := make([]string, len(list))
	for i, s := range list {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	if n := len(quoted); n > 1 {
		return strings.Join(quoted[:n-1], ", ") + " " + conjunction + " " + quoted[n-1]
	}
	return strings.Join(quoted, "")
}

// Reason returns an error's text without the package's name at its beginning. It is for
// messages that have already said what failed.
func Reason(err error) string {
	text := err.Error()
	if name, rest, ok := strings.Cut(text, ": "); ok && packageName().MatchString(name) {
		return rest
	}
	return text
}

var packageName = lazyregexp.New(`^(engine|chat|tokenizer|gguf|model)$`)
