package value

import (
	"math"
	"math/big"

	"alpaca/internal/jinja/text"
)

// Item returns x[index] as in Python. ok is false if there is no such item, or x does not
// support items or this type of index.
func (r *Run) Item(x, index Value) (v Value, ok bool) {
	defined(x)
	if d, isDict := x.(*Dict); isDict {
		r.Scan(index)
		if !Hashable(index) {
			return nil, false
		}
		return d.Get(index)
	}
	i, isInt := asInt(index)
	if !isInt {
		if o, ok := x.(interface {
			Item(r *Run, index Value) (Value, bool)
		}); ok {
			return o.Item(r, index)
		}
		return nil, false
	}
	n := 0
	switch i := i.(type) {
	case int64:
		n = Int(i)
	case *big.Int:
		return nil, false
	}
	at := func(items []Value) (Value, bool) {
		if n < 0 {
			n += len(items)
		}
		if n < 0 || n >= len(items) {
			return nil, false
		}
		return items[n], true
	}
	switch x := x.(type) {
	case *List:
		return at(x.Items)
	case *Tuple:
		return at(x.Items)
	case text.Text:
		r.Scan(x)
		c, ok := x.Char(n)
		return c, ok
	case Bytes:
		s := x.Text.String()
		if n < 0 {
			n += len(s)
		}
		if n < 0 || n >= len(s) {
			return nil, false
		}
		return int64(s[n]), true
	case *Range:
		if n < 0 {
			n += int(x.Len)
		}
		if n < 0 || n >= int(x.Len) {
			return nil, false
		}
		return x.Start + int64(n)*x.Step, true
	}
	return nil, false
}

// Hashable reports whether a value can be a key of a dictionary.
func Hashable(v Value) (ok bool) {
	switch v := v.(type) {
	case *List, *Dict, *Set:
		return false
	case *View:
		return v.What == "values"
	case *Tuple:
		for _, item := range v.Items {
			if !Hashable(item) {
				return false
			}
		}
	}
	return true
}

// Slice returns x[start:stop:step]. A bound of nil counts as omitted.
func (r *Run) Slice(x, start, stop, step Value) Value {
	defined(x, start, stop, step)
	n, ok := Length(x)
	switch x.(type) {
	case text.Text, Bytes, *List, *Tuple, *Range:
	default:
		ok = false
	}
	if !ok {
		TypeError("'%s' object is not subscriptable by slices", TypeName(x))
	}
	by := 1
	if step != nil {
		by = bound(step)
	}
	if by == 0 {
		ValueError("slice step cannot be zero")
	}
	low, high, first, last := 0, n, 0, n
	if by < 0 {
		low, high, first, last = -1, n-1, n-1, -1
	}
	clip := func(v Value, other int) int {
		if v == nil {
			return other
		}
		i := bound(v)
		if i < 0 {
			i = max(i+n, low)
		}
		return min(max(i, low), high)
	}
	i, j := clip(start, first), clip(stop, last)
	if x, ok := x.(text.Text); ok && by == 1 {
		r.Scan(x)
		return x.Slice(i, max(i, j))
	}
	var places []int
	for k := i; by > 0 && k < j || by < 0 && k > j; {
		places = append(places, k)
		r.Charge(sizeofValue)
		if by > n || by < -n {
			break
		}
		k += by
	}
	return r.pick(x, places, by)
}

// bound returns the bound of a slice, clamped so that sums do not overflow.
func bound(v Value) int {
	switch v.(type) {
	case int64, bool, *big.Int:
		return min(max(Int(v), math.MinInt/4), math.MaxInt/4)
	}
	TypeError("slice indices must be integers or None or have an __index__ method")
	return 0
}

// pick returns the items of a sequence at the indices in places. The parameter by is the distance
// between adjacent indices.
func (r *Run) pick(x Value, places []int, by int) Value {
	r.Steps(len(places))
	switch x := x.(type) {
	case *List:
		l := &List{}
		for _, i := range places {
			l.Items = append(l.Items, x.Items[i])
		}
		return l
	case *Tuple:
		t := &Tuple{}
		for _, i := range places {
			t.Items = append(t.Items, x.Items[i])
		}
		return t
	case text.Text:
		chars := x.Chars()
		var b text.Builder
		for _, i := range places {
			b.Add(chars[i])
		}
		return b.Text().AsSafe(x.Safe())
	case Bytes:
		var b text.Builder
		for _, i := range places {
			b.Add(x.Text.Cut(i, i+1))
		}
		return Bytes{b.Text()}
	case *Range:
		s := &Range{Start: x.Start, Stop: x.Start, Step: x.Step * int64(by), Len: int64(len(places))}
		if len(places) > 0 {
			s.Start = x.Start + int64(places[0])*x.Step
			s.Stop = s.Start + s.Step*s.Len
		}
		return s
	}
	return nil
}
