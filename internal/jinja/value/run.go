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
	Steps  int // turns of loops, calls, items looked at
	Bytes  int // of all strings and lists that are made
	Output int // bytes of the result
	Depth  int // of calls within calls
}

// Run is the state of one rendering: what is left of its limits, and what
// functions ask of their surroundings.
type Run struct {
	Ctx    context.Context
	Now    func() time.Time // what strftime_now takes for the present
	Escape bool             // autoescape is on
	Pos    syntax.Pos       // of what is evaluated, for errors
	Left   Limits
	// Numbers is the origin of the digits of numbers: text.Unknown where a number came
	// with the data, or was read from a text of it.
	Numbers text.Origin
	check   int // steps until Ctx is looked at
}

// Failure is why a rendering stopped.
type Failure struct {
	Kind string // Python's class of the error
	Msg  string
	Err  error // what it wraps; may be nil
}

func (f *Failure) Error() string { return f.Kind + ": " + f.Msg }

// Unwrap returns what caused the failure.
func (f *Failure) Unwrap() error { return f.Err }

// LimitError is what a failure wraps where a rendering came to its limits.
type LimitError struct{ What string }

func (e *LimitError) Error() string { return "the template " + e.What }

// Recover is to be deferred: it hands a failure to f, and passes other panics on.
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

// TypeError ends the rendering with that error.
func TypeError(format string, args ...any) { Fail("TypeError", format, args...) }

// ValueError ends the rendering with that error.
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

// largest is the most bytes that one value takes: while it is made, memory holds it several
// times.
const largest = 64 << 20

// Charge counts n bytes that are to be made, and the time that takes.
func (r *Run) Charge(n int) {
	if n < 0 || n > min(r.Left.Bytes, largest) {
		limit("makes too much text")
	}
	r.Left.Bytes -= n
	if n >= 256 {
		r.Steps(n / 256)
	}
}

// Digits returns the decimal form of a number as a text.
func (r *Run) Digits(s string) text.Text { return text.From(s, r.Numbers) }

// ReadNumber notes that a number is made of a text: where that is data, so are its digits.
func (r *Run) ReadNumber(t text.Text) {
	if t.Origin() != text.Template {
		r.Numbers = text.Unknown
	}
}

// ReadNumbers notes whether there are numbers in data, which must not contain itself.
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

// Scan counts the steps of looking at all of a text, a long number, or a key.
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

// Product is Charge for n times size.
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

// Leave ends what Enter counted.
func (r *Run) Leave() { r.Left.Depth++ }

// What an item of a list counts in bytes, and one that is a text of its own.
const (
	sizeofValue = 16
	sizeofText  = 80
)
