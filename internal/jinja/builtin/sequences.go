package builtin

import (
	"slices"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// lazy returns a generator. When the first item is needed, the generator calls
// the function make. The function that make returns gives one item at each call.
func lazy(name string, make func() func() (value.Value, bool)) *value.Iter {
	var next func() (value.Value, bool)
	return &value.Iter{Name: name, Next: func() (value.Value, bool) {
		if next == nil {
			next = make()
		}
		return next()
	}}
}

// over returns a function that returns the next item of a list.
func over(list []value.Value) func() (value.Value, bool) {
	return func() (value.Value, bool) {
		if len(list) == 0 {
			return nil, false
		}
		item := list[0]
		list = list[1:]
		return item, true
	}
}

func sum(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("sum", "attribute", "start")
	get := getter(r, value.Or(args[0], nil), nil)
	total := value.Or(args[1], int64(0))
	if t, ok := total.(text.Text); ok {
		value.TypeError("sum() can't sum strings [use ''.join(seq) instead] (%d bytes)", t.Len())
	}
	next := r.Iterate(v)
	for item, ok := next(); ok; item, ok = next() {
		total = r.Binary("+", total, get(item))
	}
	return total
}

func joinFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("join", "d", "attribute")
	sep := r.Text(value.Or(args[0], value.Str("")))
	items := r.Items(v)
	if attribute := value.Or(args[1], nil); attribute != nil {
		get := getter(r, attribute, nil)
		for i, item := range items {
			items[i] = get(item)
		}
	}
	parts := make([]text.Text, len(items))
	safe := sep.Safe()
	for i, item := range items {
		parts[i] = r.Text(item)
		safe = safe || parts[i].Safe()
	}
	safe = safe && r.Escape
	if safe {
		sep = escaped(r, sep)
		for i, p := range parts {
			parts[i] = escaped(r, p)
		}
	}
	return joined(r, sep, parts).AsSafe(safe)
}

func first(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("first")
	if item, ok := r.Iterate(v)(); ok {
		return item
	}
	return &value.Undefined{Msg: "No first item, sequence was empty."}
}

func last(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("last")
	next := reversed(r, v)
	if next == nil {
		if u, ok := v.(*value.Undefined); ok {
			u.Fail()
		}
		value.TypeError("'%s' object is not reversible", value.TypeName(v))
	}
	if item, ok := next(); ok {
		return item
	}
	return &value.Undefined{Msg: "No last item, sequence was empty."}
}

// reversed returns a function that returns the items from the last to the first, or nil if a
// value is not reversible.
func reversed(r *value.Run, v value.Value) func() (value.Value, bool) {
	switch v := v.(type) {
	case text.Text, *value.List, *value.Tuple, *value.Dict, *value.View, *value.Range, value.Bytes:
		items := r.Items(v)
		slices.Reverse(items)
		return over(items)
	case *value.Undefined:
		return over(nil)
	}
	return nil
}

func reverse(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("reverse")
	if t, ok := v.(text.Text); ok {
		r.Charge(t.Len())
		return t.Reverse()
	}
	if next := reversed(r, v); next != nil {
		return &value.Iter{Name: "reversed", Next: next}
	}
	if !r.Iterable(v) {
		value.Fail("FilterArgumentError", "argument must be iterable")
	}
	items := r.Items(v)
	slices.Reverse(items)
	return &value.List{Items: items}
}

func list(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("list")
	return &value.List{Items: r.Items(v)}
}

func items(r *value.Run, v value.Value, a *value.Args) value.Value {
	a.Bind("items")
	return lazy("items", func() func() (value.Value, bool) {
		switch v := v.(type) {
		case *value.Undefined:
			return over(nil)
		case *value.Dict:
			return r.Iterate(&value.View{Of: v, What: "items"})
		}
		value.TypeError("Can only get item pairs from a mapping.")
		return nil
	})
}

func batch(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("batch", "linecount!", "fill_with")
	fill := value.Or(args[1], nil)
	return lazy("batch", func() func() (value.Value, bool) {
		next, done := r.Iterate(v), false
		var pending []value.Value
		return func() (value.Value, bool) {
			for !done {
				item, ok := next()
				if !ok {
					done = true
					break
				}
				n, isInt := args[0].(int64)
				if isInt && len(pending) == int(n) {
					full := pending
					pending = []value.Value{item}
					return &value.List{Items: full}, true
				}
				pending = append(pending, item)
			}
			if len(pending) == 0 {
				return nil, false
			}
			if fill != nil {
				missing := max(0, value.Int(args[0])-len(pending))
				r.Product(missing, 16)
				pending = append(pending, slices.Repeat([]value.Value{fill}, missing)...)
			}
			full := pending
			pending = nil
			return &value.List{Items: full}, true
		}
	})
}

func slice(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("slice", "slices!", "fill_with")
	fill := value.Or(args[1], nil)
	return lazy("slice", func() func() (value.Value, bool) {
		seq, n := r.Items(v), value.Int(args[0])
		if n == 0 {
			value.Fail("ZeroDivisionError", "integer division or modulo by zero")
		}
		i, offset := 0, 0
		return func() (value.Value, bool) {
			if i >= n {
				return nil, false
			}
			r.Charge(32)
			each, extra := len(seq)/n, len(seq)%n
			start := offset + i*each
			if i < extra {
				offset++
			}
			part := slices.Clone(seq[start : offset+(i+1)*each])
			if fill != nil && i >= extra {
				part = append(part, fill)
			}
			i++
			return &value.List{Items: part}, true
		}
	})
}
