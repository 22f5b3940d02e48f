package value

import (
	"context"
	"fmt"
	"math/big"
	"time"

	"alpaca/internal/jinja/syntax"
	"alpaca/internal/jinja/text"
)

// Limits of one rendering.
type Limits struct {
	Steps  int // iterations of loops, calls, items visited
	Bytes  int // bytes of all strings and lists that are created
	Output int // bytes of the result
	Depth  int // depth of nested calls
}

// Run is the state of one rendering: what is left of its limits, and the environment of functions.
type Run struct {
	Ctx    context.Context
	Now    func() time.Time // the time for strftime_now
	Escape bool             // autoescape is on
	Pos    syntax.Pos       // position of the current expression, for errors
	Left   Limits
	// Numbers is the origin (see package text) of the digits of printed numbers. It is text.Unknown
	// if the data contains a number, or after a number was read from a text of the data.
	Numbers text.Origin
	check   int // steps until Ctx is checked
}

// Failure is the reason why a rendering stopped.
type Failure struct {
	Kind string // Python's class of the error
	Msg  string
	Err  error // the cause; may be nil
}

func (f *Failure) Error() string { return f.Kind + ": " + f.Msg }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// LimitError is the cause of a failure if a rendering exceeds a limit.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return "the template " + e.What }

// Recover must be deferred. It recovers a failure and calls f with it; other panics continue.
func (r *Run) Recover(f func(*Failure)) {
	switch p := recover().(type) {
	case nil:
	case *Failure:
		f(p)
	default:
		panic(p)
	}
}

// Fail ends the rendering.
func Fail(kind, format string, args ...any) {
	panic(&Failure{Kind: kind, Msg: fmt.Sprintf(format, args...)})
}

// TypeError ends the rendering with a TypeError.
func TypeError(format string, args ...any) { Fail("TypeError", format, args...) }

// ValueError ends the rendering with a ValueError.
func ValueError(format string, args ...any) { Fail("ValueError", format, args...) }

func limit(format string, args ...any) {
	err := &LimitError{fmt.Sprintf(format, args...)}
	panic(&Failure{Kind: "limit", Msg: err.Error(), Err: err})
}

// Steps counts n steps.
func (r *Run) Steps(n int) {
	r.Left.Steps -= n
	r.check -= n
	if r.Left.Steps < 0 {
		limit("takes too many steps")
	}
	if r.check < 0 {
		r.check = 500
		if err := r.Ctx.Err(); err != nil {
			panic(&Failure{Kind: "stopped", Msg: err.Error(), Err: err})
		}
	}
}

// largest is the size limit of one value, in bytes. It is small because memory may hold several
// copies of a value while the value is made.
const largest = 64 << 20

// Charge counts n bytes before they are created, and the steps for creating them.
func (r *Run) Charge(n int) {
	if n < 0 || n > min(r.Left.Bytes, largest) {
		limit("makes too much text")
	}
	r.Left.Bytes -= n
	if n >= 256 {
		r.Steps(n / 256)
	}
}

// Digits returns the digits s of a number as a text.
func (r *Run) Digits(s string) text.Text { return text.From(s, r.Numbers) }

// ReadNumber notes that a number was read from t. If t contains data, digits of numbers count as
// data from now on.
func (r *Run) ReadNumber(t text.Text) {
	if t.Origin() != text.Template {
		r.Numbers = text.Unknown
	}
}

// ReadNumbers notes whether v contains numbers. v must not contain itself.
func (r *Run) ReadNumbers(v Value) {
	switch v := v.(type) {
	case int64, *big.Int, float64:
		r.Numbers = text.Unknown
	case *List:
		for _, item := range v.Items {
			r.ReadNumbers(item)
		}
	case *Tuple:
		for _, item := range v.Items {
			r.ReadNumbers(item)
		}
	case *Dict:
		for i := range v.keys {
			r.ReadNumbers(v.keys[i])
			r.ReadNumbers(v.values[i])
		}
	}
}

// Scan counts the steps for reading a text, a long number, or a key.
func (r *Run) Scan(v Value) {
	switch v := v.(type) {
	case *big.Int:
		r.Steps(v.BitLen() / 2048)
	case *Tuple:
		for _, item := range v.Items {
			r.Steps(1)
			r.Scan(item)
		}
	case text.Text:
		r.Steps(v.Size() / 256)
	case Bytes:
		r.Steps(v.Text.Size() / 256)
	}
}

// Product does what Charge(n * size) does, without overflow.
func (r *Run) Product(n, size int) {
	if n > 0 && size > 0 && n > r.Left.Bytes/size {
		limit("makes too much text")
	}
	r.Charge(max(0, n) * size)
}

// Print counts n bytes of output.
func (r *Run) Print(n int) {
	r.Left.Output -= n
	if r.Left.Output < 0 {
		limit("prints too much text")
	}
}

// Enter counts a call; Leave ends it.
func (r *Run) Enter() {
	r.Steps(1)
	if r.Left.Depth--; r.Left.Depth < 0 {
		limit("calls itself too deeply")
	}
}

// Leave ends the call that Enter has counted.
func (r *Run) Leave() { r.Left.Depth++ }

// The bytes charged for an item of a list, and for an item that is a separate text.
const (
	sizeofValue = 16
	sizeofText  = 80
)
