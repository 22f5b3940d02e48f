// Package value has the values of a template's expressions. They are Python's values, with their
// operators. A Run counts the work, and ends a rendering that exceeds its limits. A string is a
// text.Text, which records for each byte whether it comes from the template or from data.
//
// Failures are panics with a *Failure. Package jinja recovers them and returns them as errors.
package value

import (
	"math/big"

	"alpaca/internal/jinja/text"
)

// Value is one of: nil (None), bool, int64, *big.Int (beyond 64 bits only),
// float64, text.Text, Bytes, *List, *Tuple, *Dict, *Undefined, *Namespace,
// *Range, *Iter, *View, *Set, a Callable, or another Object.
type Value = any

// Bytes is Python's bytes.
type Bytes struct{ Text text.Text }

// List is Python's list.
type List struct{ Items []Value }

// Tuple is Python's tuple.
type Tuple struct {
	Items []Value
	Group bool // made by groupby: has the attributes grouper and list
}

// Undefined is the value of a missing name, attribute or item. It is false, has no items, prints as
// nothing, and equals only other Undefined values. Arithmetic, comparisons by order, calls, and
// access to an item or attribute end the rendering with Msg.
type Undefined struct {
	Msg    string // why the value is missing
	Unsafe bool   // the sandbox forbids access to it
}

// Namespace is an object whose attributes templates can set.
type Namespace struct{ Attrs *Dict }

// Range is Python's range.
type Range struct{ Start, Stop, Step, Len int64 }

// View is the result of a dictionary's method keys, values or items.
type View struct {
	Of   *Dict
	What string // "keys", "values", "items"
}

// Iter is a generator or an iterator, whose values can be read once.
type Iter struct {
	Name string
	Next func() (Value, bool)
}

// Callable can be called.
type Callable interface {
	Call(r *Run, a *Args) Value
}

// Object is a value with its own attributes.
type Object interface {
	// Attr returns an attribute; ok is false if there is none.
	Attr(r *Run, name string) (v Value, ok bool)
	// Repr returns the object as it is printed.
	Repr() string
}

// Func is a function or a bound method.
type Func struct {
	Name string
	Fn   func(r *Run, a *Args) Value
}

// Call calls the function.
func (f *Func) Call(r *Run, a *Args) Value { return f.Fn(r, a) }

// Str returns a string whose origin is the template.
func Str(s string) Value { return text.New(s) }

// NewList returns a list of texts.
func NewList(texts []text.Text) *List {
	l := &List{Items: make([]Value, len(texts))}
	for i, t := range texts {
		l.Items[i] = t
	}
	return l
}

// TypeName returns Python's name for the type of a value.
func TypeName(v Value) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case bool:
		return "bool"
	case int64, *big.Int:
		return "int"
	case float64:
		return "float"
	case text.Text:
		if v.Safe() {
			return "Markup"
		}
		return "str"
	case Bytes:
		return "bytes"
	case *List:
		return "list"
	case *Tuple:
		return "tuple"
	case *Dict:
		return "dict"
	case *Undefined:
		return "Undefined"
	case *Namespace:
		return "Namespace"
	case *Range:
		return "range"
	case *View:
		return "dict_" + v.What
	case *Set:
		return "set"
	case *Iter:
		return "generator"
	case *Func:
		return "function"
	}
	return "object"
}

// Truth returns Python's bool of a value.
func Truth(v Value) bool {
	switch v := v.(type) {
	case nil, *Undefined:
		return false
	case bool:
		return v
	case int64:
		return v != 0
	case float64:
		return v != 0
	case text.Text:
		return v.Len() > 0
	case Bytes:
		return v.Text.Len() > 0
	case *List:
		return len(v.Items) > 0
	case *Tuple:
		return len(v.Items) > 0
	case *Dict:
		return v.Len() > 0
	case *Range:
		return v.Len > 0
	case *View:
		return v.Of.Len() > 0
	case interface{ Truth() bool }:
		return v.Truth()
	}
	return true
}
