package builtin

import (
	"slices"
	"strconv"

	"alpaca/internal/jinja/text"
	"alpaca/internal/jinja/value"
)

// lazy returns a generator whose items come from what make returns, which is
// called when the first is asked for.
func lazy(name string, make func() func() (value.Value, bool)) *value.Iter {
	var next func() (value.Value, bool)
	return &value.Iter{Name: name, Next: func() (value.Value, bool) {
		if next == nil {
			next = make()
		}
		return next()
	}}
}

// over returns what gives the items of a list.
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

// getter returns what finds an attribute of items: a path such as "a.b.0", an
// index, or None for the items themselves.
func getter(r *value.Run, attribute, other value.Value) func(value.Value) value.Value {
	var path []value.Value
	switch attribute := attribute.(type) {
	case nil:
	case text.Text:
		path = pathOf(attribute)
	default:
		path = []value.Value{attribute}
	}
	return func(v value.Value) value.Value {
		for _, part := range path {
			v = Getitem(r, v, part)
			if _, ok := v.(*value.Undefined); ok && other != nil {
				v = other
			}
		}
		return v
	}
}

func pathOf(attribute text.Text) []value.Value {
	var path []value.Value
	for _, part := range attribute.Split(".", -1, false) {
		if part.Each(text.IsDigit) {
			if n, ok := value.ParseInt(part.String(), 10); ok {
				path = append(path, n)
				continue
			}
		}
		path = append(path, part)
	}
	return path
}

// folded is what values are compared by where case does not count.
func folded(r *value.Run, v value.Value) value.Value {
	if t, ok := v.(text.Text); ok {
		r.Product(2, t.Len())
		return t.Lower()
	}
	return v
}

// keyed returns what items are compared by.
func keyed(r *value.Run, attribute value.Value, caseSensitive bool) func(value.Value) value.Value {
	get := getter(r, attribute, nil)
	if caseSensitive {
		return get
	}
	return func(v value.Value) value.Value { return folded(r, get(v)) }
}

// sorted returns items in the order of their keys.
func sorted(r *value.Run, items []value.Value, key func(value.Value) value.Value, reverse bool) []value.Value {
	type pair struct{ key, item value.Value }
	pairs := make([]pair, len(items))
	r.Product(len(items), 32)
	for i, item := range items {
		pairs[i] = pair{key(item), item}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int {
		x, y := a.key, b.key
		if reverse {
			x, y = y, x
		}
		switch {
		case r.Less(x, y):
			return -1
		case r.Less(y, x):
			return 1
		}
		return 0
	})
	list := make([]value.Value, len(items))
	for i, p := range pairs {
		list[i] = p.item
	}
	return list
}

func sortFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("sort", "reverse", "case_sensitive", "attribute")
	attribute := value.Or(args[2], nil)
	sensitive := value.Truth(value.Or(args[1], false))
	keys := []func(value.Value) value.Value{}
	if t, ok := attribute.(text.Text); ok {
		for _, part := range t.Split(",", -1, false) {
			keys = append(keys, keyed(r, part, sensitive))
		}
	} else {
		keys = append(keys, keyed(r, attribute, sensitive))
	}
	key := func(v value.Value) value.Value { // lists are compared, even of one
		l := &value.List{}
		for _, k := range keys {
			l.Items = append(l.Items, k(v))
		}
		return l
	}
	return &value.List{Items: sorted(r, r.Items(v), key, value.Truth(value.Or(args[0], false)))}
}

func dictSort(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("dictsort", "case_sensitive", "by", "reverse")
	at := map[string]int{"key": 0, "value": 1}
	by, _ := value.Or(args[1], value.Str("key")).(text.Text)
	pos, ok := at[by.String()]
	if !ok {
		value.Fail("FilterArgumentError", `You can only sort by either "key" or "value"`)
	}
	d, ok := v.(*value.Dict)
	if u, undefined := v.(*value.Undefined); undefined {
		u.Fail()
	}
	if !ok {
		value.Fail("AttributeError", "'%s' object has no attribute 'items'", value.TypeName(v))
	}
	sensitive := value.Truth(value.Or(args[0], false))
	key := func(v value.Value) value.Value {
		k := v.(*value.Tuple).Items[pos]
		if !sensitive {
			k = folded(r, k)
		}
		return k
	}
	all := r.Items(&value.View{Of: d, What: "items"})
	return &value.List{Items: sorted(r, all, key, value.Truth(value.Or(args[2], false)))}
}

func groupBy(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("groupby", "attribute!", "default", "case_sensitive")
	get := getter(r, args[0], value.Or(args[1], nil))
	key := get
	if !value.Truth(value.Or(args[2], false)) {
		key = func(v value.Value) value.Value { return folded(r, get(v)) }
	}
	result := &value.List{}
	var last value.Value
	for i, item := range sorted(r, r.Items(v), key, false) {
		k := key(item)
		if i == 0 || !r.Equal(k, last) {
			last = k
			result.Items = append(result.Items, &value.Tuple{Group: true, Items: []value.Value{get(item), &value.List{}}})
		}
		group := result.Items[len(result.Items)-1].(*value.Tuple).Items[1].(*value.List)
		group.Items = append(group.Items, item)
	}
	return result
}

func unique(r *value.Run, v value.Value, a *value.Args) value.Value {
	args := a.Bind("unique", "case_sensitive", "attribute")
	return lazy("unique", func() func() (value.Value, bool) {
		key := keyed(r, value.Or(args[1], nil), value.Truth(value.Or(args[0], false)))
		seen := value.NewDict()
		next := r.Iterate(v)
		return func() (value.Value, bool) {
			for item, ok := next(); ok; item, ok = next() {
				k := key(item)
				if _, was := seen.Get(k); !was {
					r.Charge(64)
					seen.Set(k, true)
					return item, true
				}
			}
			return nil, false
		}
	})
}

func extreme(name string) Filter {
	return func(r *value.Run, v value.Value, a *value.Args) value.Value {
		args := a.Bind(name, "case_sensitive", "attribute")
		items := r.Items(v)
		if len(items) == 0 {
			return &value.Undefined{Msg: "No aggregated item, sequence was empty."}
		}
		key := keyed(r, value.Or(args[1], nil), value.Truth(value.Or(args[0], false)))
		best, k := items[0], key(items[0])
		for _, item := range items[1:] {
			other := key(item)
			if name == "max" && r.Compare(">", other, k) || name == "min" && r.Less(other, k) {
				best, k = item, other
			}
		}
		return best
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

// reversed gives the items from the last to the first; nil where a value cannot.
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

func attr(r *value.Run, v value.Value, a *value.Args) value.Value {
	name := str(a.Bind("attr", "name!")[0])
	if u, ok := v.(*value.Undefined); ok {
		u.Fail()
	}
	if item, ok := attribute(r, v, name.String()); ok {
		return item
	}
	return &value.Undefined{Msg: "'" + value.TypeName(v) + " object' has no attribute " + strconv.Quote(name.String())}
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

func mapFilter(r *value.Run, v value.Value, a *value.Args) value.Value {
	return lazy("sync_do_map", func() func() (value.Value, bool) {
		if !value.Truth(v) {
			return over(nil)
		}
		f := mapper(r, a)
		next := r.Iterate(v)
		return func() (value.Value, bool) {
			item, ok := next()
			if !ok {
				return nil, false
			}
			return f(item), true
		}
	})
}

// mapper returns what the filter map does to each item.
func mapper(r *value.Run, a *value.Args) func(value.Value) value.Value {
	if len(a.Pos) == 0 && slices.Contains(a.Names, "attribute") {
		args := a.Bind("map", "attribute", "default")
		return getter(r, args[0], value.Or(args[1], nil))
	}
	if len(a.Pos) == 0 {
		value.Fail("FilterArgumentError", "map requires a filter argument")
	}
	name, ok := a.Pos[0].(text.Text)
	if !ok {
		value.Fail("TemplateRuntimeError", "No filter named %s.", shown(r, a.Pos[0]))
	}
	f, ok := Filters[name.String()]
	if !ok {
		value.Fail("TemplateRuntimeError", "No filter named %s.", shown(r, name))
	}
	rest := &value.Args{Pos: a.Pos[1:], Names: a.Names, Named: a.Named}
	return func(v value.Value) value.Value { return f(r, v, rest) }
}

// selected is the filters select, reject, selectattr and rejectattr.
func selected(want, byAttribute bool) Filter {
	return func(r *value.Run, v value.Value, a *value.Args) value.Value {
		return lazy("select_or_reject", func() func() (value.Value, bool) {
			if !value.Truth(v) {
				return over(nil)
			}
			get := func(v value.Value) value.Value { return v }
			args := *a
			if byAttribute {
				if len(args.Pos) == 0 {
					value.Fail("FilterArgumentError", "Missing parameter for attribute name")
				}
				get = getter(r, args.Pos[0], nil)
				args.Pos = args.Pos[1:]
			}
			test := func(v value.Value) bool { return value.Truth(v) }
			if len(args.Pos) > 0 {
				test = tester(r, args.Pos[0], &value.Args{Pos: args.Pos[1:], Names: args.Names, Named: args.Named})
			}
			next := r.Iterate(v)
			return func() (value.Value, bool) {
				for item, ok := next(); ok; item, ok = next() {
					if test(get(item)) == want {
						return item, true
					}
				}
				return nil, false
			}
		})
	}
}

func tester(r *value.Run, name value.Value, a *value.Args) func(value.Value) bool {
	t, _ := name.(text.Text)
	f, ok := Tests[t.String()]
	if !ok {
		value.Fail("TemplateRuntimeError", "No test named %s.", shown(r, name))
	}
	return func(v value.Value) bool { return f(r, v, a) }
}
