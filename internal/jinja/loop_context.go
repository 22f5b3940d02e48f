package jinja

import (
	"fmt"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// loop is the variable "loop".
type loop struct {
	of                     value.Value // the iterable; nil: its length is not known
	next                   func() (value.Value, bool)
	index                  int // number of the current iteration, from 1
	length                 int // number of iterations; valid if known is set
	known                  bool
	before, current, after value.Value
	changed                value.Value // the last argument of loop.changed
	depth                  int
	render                 func(v value.Value, depth int) text.Text // nil: not recursive
}

func (l *loop) advance() (value.Value, bool) {
	item, ok := l.after, true
	if item == value.Missing {
		item, ok = l.next()
	}
	if !ok {
		return nil, false
	}
	l.after = value.Missing
	l.index++
	l.before, l.current = l.current, item
	return item, true
}

func (l *loop) peek() value.Value {
	if l.after == value.Missing {
		if item, ok := l.next(); ok {
			l.after = item
		}
	}
	return l.after
}

// Iterate iterates over pairs of a remaining item and the loop, as in jinja2.
func (l *loop) Iterate(r *value.Run) func() (value.Value, bool) {
	return func() (value.Value, bool) {
		item, ok := l.advance()
		if !ok {
			return nil, false
		}
		r.Steps(1)
		return &value.Tuple{Items: []value.Value{item, l}}, true
	}
}

// Len returns the total number of iterations.
func (l *loop) Len() int {
	if l.known {
		return l.length
	}
	l.known = true
	if n, ok := value.Length(l.of); ok {
		l.length = n
		return n
	}
	var rest []value.Value
	for item, ok := l.next(); ok; item, ok = l.next() {
		rest = append(rest, item)
	}
	l.next = func() (value.Value, bool) {
		if len(rest) == 0 {
			return nil, false
		}
		item := rest[0]
		rest = rest[1:]
		return item, true
	}
	l.length = len(rest) + l.index
	if l.after != value.Missing {
		l.length++
	}
	return l.length
}

// Attr returns an attribute of the loop.
func (l *loop) Attr(_ *value.Run, name string) (value.Value, bool) {
	switch name {
	case "index":
		return int64(l.index), true
	case "index0":
		return int64(l.index - 1), true
	case "revindex":
		return int64(l.Len() - l.index + 1), true
	case "revindex0":
		return int64(l.Len() - l.index), true
	case "first":
		return l.index == 1, true
	case "last":
		return l.peek() == value.Missing, true
	case "length":
		return int64(l.Len()), true
	case "depth":
		return int64(l.depth + 1), true
	case "depth0":
		return int64(l.depth), true
	case "previtem":
		if l.index == 1 {
			return &value.Undefined{Msg: "there is no previous item"}, true
		}
		return l.before, true
	case "nextitem":
		if v := l.peek(); v != value.Missing {
			return v, true
		}
		return &value.Undefined{Msg: "there is no next item"}, true
	case "cycle":
		return &value.Func{Name: name, Fn: l.cycle}, true
	case "changed":
		return &value.Func{Name: name, Fn: func(r *value.Run, a *value.Args) value.Value {
			now := &value.Tuple{Items: a.Pos}
			if l.changed != nil && r.Equal(l.changed, now) {
				return false
			}
			l.changed = now
			return true
		}}, true
	}
	return nil, false
}

func (l *loop) cycle(_ *value.Run, a *value.Args) value.Value {
	if len(a.Pos) == 0 {
		value.TypeError("no items for cycling given")
	}
	return a.Pos[(l.index-1)%len(a.Pos)]
}

// Call renders the body of a recursive loop for other items.
func (l *loop) Call(_ *value.Run, a *value.Args) value.Value {
	v := a.Bind("loop", "iterable!")[0]
	if l.render == nil {
		value.TypeError("The loop must have the 'recursive' marker to be called recursively.")
	}
	return l.render(v, l.depth+1)
}

// Repr returns the loop as it is printed.
func (l *loop) Repr() string { return fmt.Sprintf("<LoopContext %d/%d>", l.index, l.Len()) }
