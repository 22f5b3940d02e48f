package value

import (
	"alpaca/internal/jinja/text"
)

// Iterate returns a function that returns the next item of v, and false after the last. A value
// that is not iterable is a failure.
func (r *Run) Iterate(v Value) func() (Value, bool) {
	next := r.iterate(v)
	if next == nil {
		TypeError("'%s' object is not iterable", TypeName(v))
	}
	return next
}

// Iterable reports whether Iterate accepts a value.
func (r *Run) Iterable(v Value) bool { return r.iterate(v) != nil }

func (r *Run) iterate(v Value) func() (Value, bool) {
	i := 0
	switch v := v.(type) {
	case *List:
		return func() (Value, bool) { // the iteration sees changes to the list
			if i >= len(v.Items) {
				return nil, false
			}
			r.Steps(1)
			i++
			return v.Items[i-1], true
		}
	case *Tuple:
		return r.slice(v.Items)
	case text.Text:
		r.Product(v.Len(), sizeofText)
		chars := v.AsSafe(false).Chars()
		return func() (Value, bool) {
			if i >= len(chars) {
				return nil, false
			}
			r.Steps(1)
			i++
			return chars[i-1], true
		}
	case Bytes:
		s := v.Text.String()
		return func() (Value, bool) {
			if i >= len(s) {
				return nil, false
			}
			r.Steps(1)
			i++
			return int64(s[i-1]), true
		}
	case *Dict:
		return r.dict(v, "keys")
	case *View:
		return r.dict(v.Of, v.What)
	case *Range:
		return func() (Value, bool) {
			if int64(i) >= v.Len {
				return nil, false
			}
			r.Steps(1)
			i++
			return v.Start + int64(i-1)*v.Step, true
		}
	case *Iter:
		return func() (Value, bool) {
			r.Steps(1)
			return v.Next()
		}
	case *Undefined:
		return func() (Value, bool) { return nil, false }
	case interface {
		Iterate(r *Run) func() (Value, bool)
	}:
		return v.Iterate(r)
	}
	return nil
}

func (r *Run) slice(items []Value) func() (Value, bool) {
	i := 0
	return func() (Value, bool) {
		if i >= len(items) {
			return nil, false
		}
		r.Steps(1)
		i++
		return items[i-1], true
	}
}

// dict iterates over the keys, values or items of a dictionary. It fails if the dictionary
// changes its size meanwhile.
func (r *Run) dict(d *Dict, what string) func() (Value, bool) {
	i, n := 0, d.Len()
	return func() (Value, bool) {
		if d.Len() != n {
			Fail("RuntimeError", "dictionary changed size during iteration")
		}
		if i >= n {
			return nil, false
		}
		r.Steps(1)
		k, v := d.At(i)
		i++
		switch what {
		case "keys":
			return k, true
		case "values":
			return v, true
		}
		return &Tuple{Items: []Value{k, v}}, true
	}
}

// Items returns all items of a value.
func (r *Run) Items(v Value) []Value {
	var list []Value
	next := r.Iterate(v)
	for {
		item, ok := next()
		if !ok {
			return list
		}
		r.Charge(sizeofValue)
		list = append(list, item)
	}
}

// Length is Python's len; ok is false if a value has no length.
func Length(v Value) (n int, ok bool) {
	switch v := v.(type) {
	case text.Text:
		return v.Runes(), true
	case Bytes:
		return v.Text.Len(), true
	case *List:
		return len(v.Items), true
	case *Tuple:
		return len(v.Items), true
	case *Dict:
		return v.Len(), true
	case *View:
		return v.Of.Len(), true
	case *Range:
		return int(v.Len), true
	case *Undefined:
		return 0, true
	case interface{ Len() int }:
		return v.Len(), true
	}
	return 0, false
}
